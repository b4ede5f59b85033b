"""Where events go: to a view for a person, or as lines of JSON for a program."""

import json

from rich.text import Text

from ....domain import events as e
from ..way_out import complain, write_line
from .view import View
from .words import Said


class Silent:
    """Shows nothing: for a command that waits for the end."""

    def show(self, event: e.Event, number: int, name: str, raw: str) -> None:
        """Nothing."""

    def trouble(self, sentence: str | None) -> None:
        """Say it on standard error."""
        complain_of(sentence)


class JsonLines:
    """A line for each event: `{"id": …, "event": …, "data": …}`. `data` is as the service sent it."""

    def show(self, event: e.Event, number: int, name: str, raw: str) -> None:
        """Print the event at once."""
        self.print(number, name, raw)

    def print(self, number: int, name: str, raw: str) -> None:
        """Print the line. It is in ASCII, so it can't steer a terminal."""
        data = raw if raw.isascii() else json.dumps(json.loads(raw))
        write_line(f'{{"id": {number}, "event": {json.dumps(name)}, "data": {data}}}', flush=True)

    def trouble(self, sentence: str | None) -> None:
        """Say it on standard error: the lines that follow are complete all the same."""
        complain_of(sentence)


def complain_of(trouble: str | None) -> None:
    """Say on standard error that the connection was lost, and why, or that there is one again."""
    said = "Connected again; nothing is missing." if trouble is None else f"Connection lost: {trouble} Trying again …"
    complain(f"opencode-ledger: {said}")


class Shown:
    """A view for a person. While `held`, what comes is kept back, so that a person can type a line."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._held = False
        self._kept: list[tuple[e.Event, int]] = []

    def show(self, event: e.Event, number: int, name: str, raw: str) -> None:
        """Show the event now, or when the line is typed."""
        if self._held:
            self._kept.append((event, number))
        else:
            self.view.show(event, number)

    def hold(self) -> None:
        """Keep back what comes."""
        self.view.page.end_line()
        self._held = True

    def release(self) -> None:
        """Show what was kept back, and what comes from now on."""
        self._held = False
        kept, self._kept = self._kept, []
        for event, number in kept:
            self.view.show(event, number)

    def trouble(self, sentence: str | None) -> None:
        """Say that the connection was lost, and that there is one again: nothing is missing then."""
        said = f"connection lost: {sentence} Trying again …" if sentence else "connected again; nothing is missing"
        if not self._held:
            self.view.note(Said("", said, "magenta" if sentence else "dim"))

    def say(self, text: str, style: str = "dim") -> None:
        """A line of the command line's own."""
        self.view.page.line("", Text(text, style))
