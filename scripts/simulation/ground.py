"""What the service stands on, as the seed would have it: its clock, its identities, its disk."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from collections.abc import Sequence as Many
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random

from opencode_ledger.actors.store.listeners import CommitListeners
from opencode_ledger.actors.store.outputs.in_memory import MemoryOutputStore
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.ids import (
    CodebaseId,
    MessageId,
    OutputId,
    PermissionId,
    Position,
    Sequence,
    SessionId,
    TaskId,
)
from opencode_ledger.domain.ports import CommitListener, EventStore

from .loop import SimulatedLoop

START = datetime(2025, 12, 10, 15, 30, tzinfo=UTC)

NORMAL, SLOWEST = 0.005, 0.3
"""Simulated seconds that the disk takes at most, as a rule and now and then."""


class OurMistake(Exception):
    """Something that nobody foresaw went wrong in the middle of an append; it was meant to."""


class SimulatedClock:
    """A `Clock` on the loop's time. `off`: seconds by which the time of day is wrong. `stopped`: its process is gone."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self.off = 0.0
        self.stopped = False

    def now(self) -> datetime:
        """See `Clock`."""
        return START + timedelta(seconds=self._loop.time() + self.off)

    def monotonic(self) -> float:
        """See `Clock`."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        if self.stopped:
            raise asyncio.CancelledError
        await asyncio.sleep(seconds)


class SimulatedIds:
    """An `IdSource` that counts."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def codebase(self) -> CodebaseId:
        """See `IdSource`."""
        return CodebaseId(f"cb_r{next(self._numbers)}")

    def session(self) -> SessionId:
        """See `IdSource`."""
        return SessionId(f"sess_r{next(self._numbers)}")

    def task(self) -> TaskId:
        """See `IdSource`."""
        return TaskId(f"task_r{next(self._numbers)}")

    def message(self) -> MessageId:
        """See `IdSource`."""
        return MessageId(f"msg_r{next(self._numbers)}")

    def permission(self) -> PermissionId:
        """See `IdSource`."""
        return PermissionId(f"perm_r{next(self._numbers)}")

    def output(self) -> OutputId:
        """A new id of a whole output."""
        return OutputId(f"out_{next(self._numbers):032x}")


class Disk:
    """The log, and whole outputs beside it, on a disk that takes its time, and is out of reach once its process is gone.

    A commit is heard of a little after it was made, when it may have been read already; a crash may come in between.
    `slowness`: how much of what it does takes long. `full`: nothing can be written. `unreadable`: nothing can be read. `mistake`: the next append meets one of ours.
    """

    _log: EventStore

    def __init__(self, chance: Random, clock: SimulatedClock, slowness: float, outputs: MemoryOutputStore) -> None:
        self.outputs = outputs
        self._chance, self._clock, self._slowness = chance, clock, slowness
        self._listeners = CommitListeners()
        self._unheard: list[tuple[RecordedEvent, ...]] = []
        self._stop_listening: Callable[[], None] = lambda: None
        self.full = self.unreadable = self.mistake = False
        self._gone = False

    @property
    def troubled(self) -> bool:
        """Whether something is wrong with it."""
        return self.full or self.unreadable or self.mistake

    def hold(self, log: EventStore) -> None:
        """This is the log that is on it."""
        self._log = log
        self._stop_listening = log.on_commit(self._unheard.append)

    @property
    def head(self) -> Position:
        """See `EventStore`."""
        return self._log.head

    async def append(self, stream: CodebaseId, expected: Sequence, events: Many[NewEvent]) -> tuple[RecordedEvent, ...]:
        """See `EventStore`."""
        await self._reach()
        if self.full:
            raise StoreError("The log could not be written (database or disk is full); nothing of this was recorded.")
        if self.mistake:
            self.mistake = False
            raise OurMistake("a mistake of ours")
        recorded = await self._log.append(stream, expected, events)
        await self._reach()
        self._announce()
        await self._reach()
        return recorded

    async def stream_head(self, stream: CodebaseId) -> Sequence:
        """See `EventStore`."""
        await self._reach_to_read()
        return await self._log.stream_head(stream)

    async def read_stream(
        self, stream: CodebaseId, after: Sequence, limit: int, *, upto: Sequence | None = None
    ) -> list[RecordedEvent]:
        """See `EventStore`; what was read arrives a little later."""
        await self._reach_to_read()
        found = await self._log.read_stream(stream, after, limit, upto=upto)
        await self._reach()
        return found

    async def read_lifecycle(self, stream: CodebaseId, after: Sequence, limit: int) -> list[RecordedEvent]:
        """See `EventStore`."""
        await self._reach_to_read()
        return await self._log.read_lifecycle(stream, after, limit)

    async def read_all(self, after: Position, limit: int) -> list[RecordedEvent]:
        """See `EventStore`; what was read arrives a little later."""
        await self._reach_to_read()
        found = await self._log.read_all(after, limit)
        await self._reach()
        return found

    async def trouble(self) -> str | None:
        """See `EventStore`."""
        return "database or disk is full" if self.full else await self._log.trouble()

    async def keep(self, codebase: CodebaseId, output: OutputId, salt: bytes, chunks: Iterator[bytes]) -> None:
        """See `OutputStore`."""
        await self._reach()
        if self.full:
            raise StoreError("The outputs could not be written (database or disk is full).")
        await self.outputs.keep(codebase, output, salt, chunks)
        await self._reach()

    async def unsettled(self) -> Many[tuple[CodebaseId, OutputId]]:
        """See `OutputStore`."""
        await self._reach()
        return await self.outputs.unsettled()

    async def settle(self, named: Collection[tuple[CodebaseId, OutputId]]) -> None:
        """See `OutputStore`."""
        await self._reach()
        await self.outputs.settle(named)

    def on_commit(self, listener: CommitListener) -> Callable[[], None]:
        """See `EventStore`."""
        return self._listeners.add(listener)

    async def close(self) -> None:
        """See `EventStore`: the log itself outlives the service."""

    def break_off(self) -> None:
        """The process is gone: nothing reaches the log any more, and nobody hears of it."""
        self._gone = True
        self._stop_listening()

    def _announce(self) -> None:
        unheard = self._unheard[:]
        self._unheard.clear()
        for events in unheard:
            self._listeners.announce(events)

    async def _reach(self) -> None:
        if self._gone:
            raise asyncio.CancelledError
        how = self._chance.random()
        if how < 0.5:
            await asyncio.sleep(0)
        else:
            await self._clock.sleep(self._chance.random() * (NORMAL if how < 1 - self._slowness else SLOWEST))
        if self._gone:
            raise asyncio.CancelledError

    async def _reach_to_read(self) -> None:
        await self._reach()
        if self.unreadable:
            raise StoreError("The log could not be read (disk I/O error).")
