"""What a person sees of the event stream: the command line's own view, with a margin of times and event numbers."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from opencode_ledger.domain.events import SessionStarted
from opencode_ledger.http.cli.live.page import Page
from opencode_ledger.http.cli.live.received import event_of
from opencode_ledger.http.cli.live.totals import Totals
from opencode_ledger.http.cli.live.view import View
from opencode_ledger.http.cli.screen import Terminal

from .client import Frame

_WIDE: Final = 64
"""From this many columns on there is room for the numbers of events."""


class Screen:
    """Shows events of one codebase, whose files are in `project`."""

    def __init__(self, page: Page, project: Path) -> None:
        self.page = page
        self._totals = Totals()
        self._view = View(page, str(project), totals=self._totals)

    def show(self, frame: Frame) -> None:
        """Show one event."""
        event = event_of(frame.event, frame.raw, frame.id)
        if isinstance(event, SessionStarted):
            self._totals.restart()
        self._totals.take(event, frame.id)
        self._view.show(event, frame.id)


def page_of(console: Terminal, clock: Callable[[], float] = time.monotonic) -> Page:
    """A page whose margin holds the seconds since the beginning and, where there is room, an event's number."""
    began, numbered = clock(), console.width >= _WIDE

    def margin(event: int | None) -> str:
        seconds = f"{clock() - began:5.1f}s" if event is not None else ""
        return f"{seconds:>6}{event or '':>6}   " if numbered else f"{seconds:>6}  "

    return Page(console, margin)
