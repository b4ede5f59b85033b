"""The stream of overviews: first what each codebase is doing, then every change.

A later change of a codebase takes the place of an earlier one that was not sent yet. So nothing queues for a slow reader,
and it gets the latest state. The id of an event is the position of its codebase's last event. Changes are sent in the order
of these positions, so a reader that returns with an id has everything up to there.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import structlog

from ...domain.errors import StoreError
from ...domain.ids import CodebaseId, Sequence
from ...domain.ports import Clock
from ...projections.runner import Projections
from .overview_board import PAGE, Entry, Limit, OverviewBoard
from .overview_json import frame
from .stream import Drain
from .subscriber import Subscriber

log = structlog.get_logger()

PACE: Final = 0.05
"""Seconds between two readings of the views at least: what changes meanwhile is sent as one change."""

LOOK: Final = 15.0
"""Seconds after which the board is refreshed at the latest, for the sake of a new day."""


class OverviewFeed:
    """Sends overviews to all subscribers. `board`: kept up to date as long as there are any."""

    def __init__(self, board: OverviewBoard, projections: Projections, clock: Clock) -> None:
        self.board, self._projections, self._clock = board, projections, clock
        self._subscribers: set[Subscriber] = set()
        self._task: asyncio.Task[None] | None = None
        self._announced = 0

    async def feed(self, subscriber: Subscriber, drain: Drain, limit: Limit = None) -> None:
        """Send the overviews after the subscriber's position, and every change from then on, until it is over.

        A new subscriber (at position 0) hears nothing of codebases that were deleted before. A codebase that leaves the
        `limit` with its name is gone for the subscriber, also if that knows it from an earlier connection.
        """
        with self._attached(subscriber):
            start = self.board.revision
            seen = {entry.codebase: entry.name for entry in self.board.within(limit)}
            for page in self.board.pages(after=subscriber.position, upto=start, limit=limit):
                if subscriber.over:
                    return
                _send(subscriber, page)
                await drain()
            await self._send_changes(subscriber, drain, start, lambda entry: _visible(entry, limit, seen))

    async def _send_changes(
        self, subscriber: Subscriber, drain: Drain, sent: int, visible: Callable[[Entry], Entry | None]
    ) -> None:
        while not subscriber.over:
            if page := self.board.since(sent)[:PAGE]:
                sent = page[-1].revision
                if changed := [entry for entry in map(visible, page) if entry is not None]:
                    _send(subscriber, changed)
                    await drain()
            else:
                # No await may come between the look at the board and this one, or a change could slip through.
                await subscriber.recalled()

    @contextmanager
    def _attached(self, subscriber: Subscriber) -> Generator[None]:
        self._subscribers.add(subscriber)
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name="overviews: follow")
        try:
            yield
        finally:
            self._subscribers.discard(subscriber)
            if not self._subscribers:
                self._task.cancel()
                self._task = None

    async def _follow(self) -> None:
        """Refresh the board after each change of the views, and wake the subscribers if it shows something else."""
        while True:
            version = self._projections.version
            try:
                await self.board.refresh()
            except StoreError as error:
                log.warning("the overviews can't be read", why=error.message)
            if self._announced != self.board.revision:
                self._announced = self.board.revision
                for subscriber in self._subscribers:
                    subscriber.recall()
            await self._clock.sleep(PACE)
            await self._change_since(version)

    async def _change_since(self, version: object) -> None:
        change = asyncio.ensure_future(self._projections.changed_since(version))
        look = asyncio.ensure_future(self._clock.sleep(LOOK))
        try:
            await asyncio.wait((change, look), return_when=asyncio.FIRST_COMPLETED)
        finally:
            change.cancel()
            look.cancel()


def _visible(entry: Entry, limit: Limit, seen: dict[CodebaseId, str]) -> Entry | None:
    """An entry as a reader may see it, if at all. `seen`: the names of the codebases that the reader knows; kept up to date."""
    if entry.is_within(limit):
        seen[entry.codebase] = entry.name
        return entry
    name = seen.pop(entry.codebase, None)
    return None if name is None else replace(entry, name=name, overview=None)


def _send(subscriber: Subscriber, entries: list[Entry]) -> None:
    frames = list[bytes]()
    for entry in entries:
        # A new day changes overviews without an event. The reader's place in the log stays then.
        subscriber.position = Sequence(max(subscriber.position, entry.position))
        frames.append(frame(subscriber.position, entry.codebase, entry.name, entry.overview))
    subscriber.send(b"".join(frames))
