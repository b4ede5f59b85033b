"""The runner: keeps the views in step with the log, and lets callers wait until they are.

Promises:

- Views are ready when `open` returns.
- Each committed event is applied once and in order.
- A batch that fails is retried and never skipped.
- No caller waits for a position for ever.
"""

import asyncio
from pathlib import Path
from typing import Final

from ..domain.errors import StoreError
from ..domain.events.recorded import RecordedEvent
from ..domain.fault_points import Reach, pass_by
from ..domain.ids import Position
from ..domain.ports import Clock, EventStore, Sleep
from .catch_up import Applier, open_database
from .check import Check
from .following import Follower
from .recent_commits import RecentCommits
from .recent_reads import RecentReads
from .views.views import Views

PATIENCE: Final = 10.0
"""Seconds that `caught_up` waits at most."""

HELD_UP_PATIENCE: Final = 1.0
"""The same while the views can't be written."""


class ViewsBehind(StoreError):
    """The views have not caught up with the log in time."""

    code = "views_behind"


class Projections:
    """The views of a log, kept up to date. Made by `open`."""

    def __init__(self, path: Path, store: EventStore, applier: Applier, sleep: Sleep) -> None:
        self._store, self._applier = store, applier
        self._recent = RecentCommits(store)
        self._follower = Follower("views", self._advance, lambda: self.applied, sleep)
        self._check = Check(path, store, applier, sleep)
        self._closed = False
        self._change = asyncio.Event()
        self._unsubscribe = store.on_commit(self._committed)
        database = applier.database
        self.views = Views(RecentReads(database.fetch, lambda: self.version), database.fetch_apart)

    @classmethod
    async def open(
        cls, path: Path, store: EventStore, *, clock: Clock | None = None, reach: Reach = pass_by
    ) -> "Projections":
        """Open the views kept at `path` (the file itself), caught up with the log. Raises `StoreError`."""
        try:
            database = await open_database(path, store, reach)
        except Exception as error:
            what = "Remove the file and start again: the views are then rebuilt from the log"
            raise StoreError(f"The views, {path}, can't be opened: {error}. {what}.") from error
        _version, position, _fingerprint = await database.tracked()
        self = cls(path, store, Applier(database, position), clock.sleep if clock else asyncio.sleep)
        try:
            while await self._advance(more=True):
                pass
            await self._applier.finish()
        except BaseException as error:
            await self.close()
            if isinstance(error, Exception):
                raise StoreError(f"The views can't be brought up to date: {error}.") from error
            raise
        self._follower.start()
        return self

    @property
    def applied(self) -> Position:
        """The position of the last event that the views show."""
        return self._applier.applied

    @property
    def version(self) -> tuple[int, Position]:
        """A value that changes whenever the views may have changed."""
        return self._check.replaced, self.applied

    async def changed_since(self, version: object) -> None:
        """Return when the views have another version than this one, or are closed."""
        while self.version == version and not self._closed:
            await self._change.wait()

    async def caught_up(self, position: Position) -> None:
        """Return when the views show the event at `position`. Raises `ViewsBehind` where they don't in time."""
        if self.applied >= position:
            return
        if self._closed:
            raise ViewsBehind("The views are closed.")
        patience = HELD_UP_PATIENCE if self._follower.trouble else PATIENCE
        if await self._follower.reaches(position, patience):
            return
        if self._closed:
            raise ViewsBehind("The views were closed.")
        why = f": {self._follower.trouble}" if self._follower.trouble else ""
        raise ViewsBehind(f"The views are at {self.applied} and did not reach {position} in time{why}.")

    async def close(self) -> None:
        """Stop following the log and close the file; callers that wait get `ViewsBehind`."""
        if self._closed:
            return
        self._closed = True
        self._change.set()
        self._unsubscribe()
        await self._follower.cancel()
        await self._applier.database.close()

    async def check_daily(self) -> None:
        """Check when a start has settled, and then once a day, until cancelled."""
        await self._check.daily()

    async def check(self) -> str | None:
        """Compare the views with the log now, and replace them where they differ: see `Check.once`."""
        return await self._check.once()

    def _committed(self, events: tuple[RecordedEvent, ...]) -> None:
        self._recent.add(events)
        self._follower.notify()

    async def _advance(self, *, more: bool = False) -> bool:
        """Apply the next events; whether there were any. `more`: see `Applier.apply`."""
        events = await self._recent.after(self.applied)
        if not events:
            return False
        async with self._applier.turn:
            try:
                await self._applier.apply(events, more=more)
            except Exception:
                await self._applier.recall(self._store.head)
                raise
        self._change.set()
        self._change = asyncio.Event()
        return True
