"""The views of one codebase as of any moment: the same handlers fold the events up to there, in memory.

So a moment shows exactly the fold of the log's prefix. Snapshots on the way are kept in a file that may be deleted at any
time: a later query folds only the events after the nearest snapshot.
"""

import asyncio
import sqlite3
import zlib
from collections import OrderedDict
from collections.abc import Sequence as Many
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

import structlog

from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Sequence
from ...domain.ports import EventStore
from ..batch import Value
from ..catch_up import fingerprint_of
from ..fold import Fold
from ..views.views import HISTORICAL, HISTORICAL_SCHEMA, Views
from .clock_readings import ClockReadings, time_of
from .snapshots import Snapshot, Snapshots

log = structlog.get_logger()

EVERY: Final = 10_000
"""Events between two snapshots: about the number that a query folds at most, once snapshots exist."""

PAGE: Final = 1_000
KEPT: Final = 16
KEPT_BYTES: Final = 64 * 1024 * 1024
"""Moments that are kept in memory for requests of further pages, and their total size in bytes."""

AT_ONCE: Final = 2
"""Moments that are made at the same time; further queries wait."""


class Moments:
    """Views as of any moment of the past. Must be closed."""

    def __init__(self, store: EventStore, snapshots: Snapshots) -> None:
        self._store, self._snapshots = store, snapshots
        self._fold = Fold(HISTORICAL)
        self._made: OrderedDict[tuple[CodebaseId, Sequence], _Moment] = OrderedDict()
        self._making = asyncio.Semaphore(AT_ONCE)
        self._clocks: dict[CodebaseId, ClockReadings] = {}
        self._turns: WeakValueDictionary[CodebaseId, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    async def open(cls, path: Path, store: EventStore) -> "Moments":
        """Moments of this log, with their snapshots at `path`."""
        return cls(store, await asyncio.to_thread(Snapshots.open, path))

    async def views(self, codebase: CodebaseId, upto: Sequence) -> Views:
        """The codebase's views after its event `upto`, which is in the log. Raises `StoreError`."""
        turn = self._turns.setdefault(codebase, asyncio.Lock())
        async with turn:
            moment = self._made.pop((codebase, upto), None) or await self._make_in_turn(codebase, upto)
            self._made[codebase, upto] = moment
        while len(self._made) > KEPT or sum(each.size for each in self._made.values()) > KEPT_BYTES:
            self._made.popitem(last=False)  # a reader keeps it alive
        return Views(moment.fetch)

    async def sequence_at(self, codebase: CodebaseId, time: datetime) -> Sequence:
        """The last event up to this time; 0 where there is none.

        Where the server's clock was set back in between, this is still the last of all events up to this time. The first
        query about a codebase reads all its events for that; a later query reads the new ones.
        """
        run = (await self._read_clock(codebase)).run_with(time)
        if run is None:
            return Sequence(0)
        before, after = run[0], run[1] + 1
        while after - before > 1:
            middle = (before + after) // 2
            (event,) = await self._store.read_stream(codebase, Sequence(middle - 1), 1)
            if time_of(event) <= time:
                before = Sequence(middle)
            else:
                after = middle
        return before

    async def _read_clock(self, codebase: CodebaseId) -> ClockReadings:
        """The clock readings up to now."""
        turn = self._turns.setdefault(codebase, asyncio.Lock())
        async with turn:
            readings = self._clocks.setdefault(codebase, ClockReadings())
            while events := await self._store.read_stream(codebase, readings.upto, PAGE):
                await asyncio.to_thread(readings.take, events)
        return readings

    async def close(self) -> None:
        """Release the moments and close the file."""
        self._made.clear()
        await asyncio.to_thread(self._snapshots.close)

    async def _make_in_turn(self, codebase: CodebaseId, upto: Sequence) -> "_Moment":
        async with self._making:
            try:
                return await self._make(codebase, upto)
            # A forged snapshot may even claim to be larger than the memory.
            except (sqlite3.Error, zlib.error, MemoryError) as error:
                log.warning("damaged snapshots are rebuilt", codebase_id=codebase, error=str(error))
                await asyncio.to_thread(self._snapshots.forget, codebase)
                return await self._make(codebase, upto)

    async def _make(self, codebase: CodebaseId, upto: Sequence) -> "_Moment":
        snapshot = await self._nearest(codebase, upto)
        moment = await asyncio.to_thread(_Moment, snapshot.state if snapshot else None)
        after = snapshot.sequence if snapshot else Sequence(0)
        while events := await self._store.read_stream(codebase, after, PAGE, upto=upto):
            await asyncio.to_thread(self._take, moment, events)
            after = events[-1].sequence
        await asyncio.to_thread(moment.weigh)
        return moment

    async def _nearest(self, codebase: CodebaseId, upto: Sequence) -> Snapshot | None:
        """The last snapshot before a moment, if it was made from this log."""
        snapshot = await asyncio.to_thread(self._snapshots.before, codebase, upto)
        if snapshot is None:
            return None
        events = await self._store.read_stream(codebase, Sequence(snapshot.sequence - 1), 1)
        if [fingerprint_of(event) for event in events] == [snapshot.fingerprint]:
            return snapshot
        log.warning("snapshots of another log are rebuilt", codebase_id=codebase)
        await asyncio.to_thread(self._snapshots.forget, codebase)
        return None

    def _take(self, moment: "_Moment", events: Many[RecordedEvent]) -> None:
        """Apply a page of events, and keep a snapshot where one is due."""
        moment.apply(self._fold, events)
        last = events[-1]
        if last.sequence // EVERY > (events[0].sequence - 1) // EVERY:
            self._snapshots.keep(last.stream, Snapshot(last.sequence, fingerprint_of(last), moment.state()))


class _Moment:
    """The tables of the views, in memory."""

    def __init__(self, state: bytes | None) -> None:
        self.size = 0
        """Bytes; 0 before `weigh`."""
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        if state is None:
            self._connection.executescript(HISTORICAL_SCHEMA)
        else:
            self._connection.deserialize(zlib.decompress(state))

    def __del__(self) -> None:
        self._connection.close()

    def apply(self, fold: Fold, events: Many[RecordedEvent]) -> None:
        """Apply events, which must follow the applied ones."""
        self._connection.execute("BEGIN")
        for statement, values in fold(events).statements():
            self._connection.execute(statement, values)
        self._connection.execute("COMMIT")

    def weigh(self) -> None:
        """Measure the size."""
        pages, size = (self._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        self.size = pages * size

    def state(self) -> bytes:
        """The whole state, from which another moment can begin."""
        return zlib.compress(self._connection.serialize(), 1)

    async def fetch(self, sql: str, *values: Value) -> list[Any]:
        """Read rows."""
        return await asyncio.to_thread(lambda: self._connection.execute(sql, values).fetchall())
