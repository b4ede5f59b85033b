"""The runner: keeps the views in step with the log, and lets callers wait until they are.

Promises: views are ready when `open` returns; each committed event is applied once and in order; a batch that
fails is tried again and never skipped; nobody who waits for a position waits for ever.
"""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

from ..domain.errors import StoreError
from ..domain.events.recorded import PAGE_BYTES, RecordedEvent, page_of
from ..domain.fault_points import Reach, pass_by
from ..domain.ids import Position
from ..domain.ports import Clock, EventStore
from .catch_up import BATCH, Applier, open_database
from .database import Database
from .file_names import REBUILT
from .rebuild import Remake
from .recent_commits import RecentReads
from .views.views import Views

log = logging.getLogger(__name__)

PATIENCE: Final = 10.0
"""Seconds that `caught_up` waits at most."""

HELD_UP_PATIENCE: Final = 1.0
"""The same while the views can't be written."""

BACK_OFF: Final = (0.05, 5.0)
"""Seconds before a failed batch is tried again: at first, and at most."""

QUEUE: Final = 10 * BATCH
"""Committed events that are held in memory; the rest is read from the log when their turn comes."""

SETTLED, DAY = 60.0, 86_400.0
"""Seconds from a start to the first check of the views, and from one to the next."""


QUEUE_BYTES: Final = 8 * PAGE_BYTES
"""Their data at most."""


Sleep: TypeAlias = Callable[[float], Coroutine[Any, Any, None]]


class ViewsBehind(StoreError):
    """The views have not caught up with the log in time."""

    code = "views_behind"


class Projections:
    """The views of a log, kept up to date. Made by `open`."""

    def __init__(self, path: Path, store: EventStore, database: Database, applier: Applier, sleep: Sleep) -> None:
        self._path = path
        self._store = store
        self._database = database
        self._applier = applier
        self._sleep = sleep
        self._queue: deque[RecordedEvent] = deque()
        self._held = 0
        self._wake = asyncio.Event()
        self._waiting: dict[asyncio.Future[None], Position] = {}
        self._closed = False
        self._trouble: str | None = None
        self._unsubscribe = store.on_commit(self._committed)
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._exchanges = 0
        self.views = Views(RecentReads(database.fetch, lambda: self.edition))

    @classmethod
    async def open(
        cls, path: Path, store: EventStore, *, clock: Clock | None = None, reach: Reach = pass_by
    ) -> "Projections":
        """Open the views kept at `path` (the file itself), caught up with the log. Raises `StoreError`."""
        try:
            database = await open_database(path, store, reach)
        except Exception as error:
            what = "They can be made anew: remove the file, and start again"
            raise StoreError(f"The views, {path}, can't be opened: {error}. {what}.") from error
        _version, position, _fingerprint = await database.tracked()
        self = cls(path, store, database, Applier(database, position), clock.sleep if clock else asyncio.sleep)
        try:
            while events := await self._next():
                await self._applier.apply(events)
        except BaseException as error:
            await self.close()
            if isinstance(error, Exception):
                raise StoreError(f"The views can't be brought up to date: {error}.") from error
            raise
        self._task = asyncio.create_task(self._follow(), name="projections")
        return self

    @property
    def applied(self) -> Position:
        """The position of the last event that the views show."""
        return self._applier.applied

    @property
    def edition(self) -> tuple[int, Position]:
        """Another one whenever the views may show something else."""
        return self._exchanges, self.applied

    async def caught_up(self, position: Position) -> None:
        """Return when the views show the event at `position`. Raises `ViewsBehind` where they don't in time."""
        if self.applied >= position:
            return
        if self._closed:
            raise ViewsBehind("The views are closed.")
        shown = asyncio.get_running_loop().create_future()
        self._waiting[shown] = position
        deadline = asyncio.ensure_future(self._sleep(HELD_UP_PATIENCE if self._trouble else PATIENCE))
        try:
            await asyncio.wait((shown, deadline), return_when=asyncio.FIRST_COMPLETED)
            if not shown.done():
                why = f": {self._trouble}" if self._trouble else ""
                raise ViewsBehind(f"The views are at {self.applied} and did not reach {position} in time{why}.")
            shown.result()
        finally:
            deadline.cancel()
            shown.cancel()
            self._waiting.pop(shown, None)

    async def close(self) -> None:
        """Stop following the log and close the file; those who wait get `ViewsBehind`."""
        if self._closed:
            return
        self._closed = True
        self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
        for shown in (shown for shown in self._waiting if not shown.done()):
            shown.set_exception(ViewsBehind("The views were closed."))
        await self._database.close()

    async def check_daily(self) -> None:
        """Check when a start has settled, and then once a day, until cancelled."""
        delay = SETTLED
        while True:
            await self._sleep(delay)
            delay = DAY
            try:
                await self.check()
            except StoreError as error:
                log.warning("the views were not checked: %s", error)
            except Exception:  # whatever somebody wrote there: a check that ended for ever would find nothing any more
                log.exception("the views were not checked")

    async def check(self) -> str | None:
        """Make the views anew beside these, and serve those from then on if they differ. What differed first, in words.

        Raises `StoreError` where that can't be done.
        """
        try:
            made = await Remake.begin(self._path.with_name(self._path.name + REBUILT), self._store)
            try:
                return await self._compare(made)
            finally:
                await made.give_up()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"The views can't be compared with the log: {error}.") from error

    async def _compare(self, made: Remake) -> str | None:
        async with self._in_step(made):
            comparison = await asyncio.to_thread(made.compared, self._path)
        with closing(comparison):
            difference = await comparison.difference()
        if difference is not None:
            log.error("the views showed what the log doesn't say, and are replaced: %s", difference)
            async with self._in_step(made):
                try:
                    await made.replace(self._database)
                    await self._applier.recall(self._store.head)
                finally:
                    self._exchanges += 1
        return difference

    @asynccontextmanager
    async def _in_step(self, made: Remake) -> AsyncGenerator[None]:
        """A time in which other views show as much as these, and neither goes on."""
        await made.follow(lambda: self.applied, self._sleep)
        async with self._turn:
            await made.reach_position(self.applied)
            yield

    # --- following the log ------------------------------------------------------------------------------------

    def _committed(self, events: tuple[RecordedEvent, ...]) -> None:
        self._queue.extend(events)
        self._held += sum(len(event.data) for event in events)
        if len(self._queue) > QUEUE or self._held > QUEUE_BYTES:
            self._queue.clear()
            self._held = 0
        self._wake.set()

    async def _follow(self) -> None:
        delay = BACK_OFF[0]
        while True:
            try:
                await self._advance()
                delay, self._trouble = BACK_OFF[0], None
            # Skipping what failed would leave the views wrong for ever, and ending here would leave them stale.
            except Exception as error:
                self._trouble = str(error)
                log.exception("the views are held up after %d; next try in %g s", self.applied, delay)
                await self._sleep(delay)
                delay = min(2 * delay, BACK_OFF[1])

    async def _advance(self) -> None:
        self._wake.clear()
        if not (events := await self._next()):
            await self._wake.wait()
            return
        async with self._turn:
            try:
                await self._applier.apply(events)
            except Exception:
                await self._applier.recall(self._store.head)
                raise
            finally:
                self._tell()  # also after a failure: it may have come after the transaction was made

    async def _next(self) -> list[RecordedEvent]:
        """The events to apply now: those just committed if they follow what is applied, else from the log."""
        queue = self._queue
        while queue and queue[0].position <= self.applied:
            self._held -= len(queue.popleft().data)
        if queue and queue[0].position == self.applied + 1:
            return page_of(islice(queue, BATCH))
        return await self._store.read_all(self.applied, BATCH) if self.applied < self._store.head else []

    def _tell(self) -> None:
        for shown, position in self._waiting.items():
            if position <= self.applied and not shown.done():
                shown.set_result(None)
