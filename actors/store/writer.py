"""Group commit: while one transaction is on its way to the disk, incoming appends become the next one."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Sequence as Many
from operator import attrgetter
from typing import cast

import aiosqlite

from ...domain.errors import StoreError, WrongExpectedVersion
from ...domain.events.recorded import NewEvent, RecordedEvent
from ...domain.ids import CodebaseId, Position, Sequence
from ..clock import loop_seconds
from .file_identity import Presence
from .group import Append, Plan, plan_group, take_group
from .listeners import CommitListeners
from .sql_statements import INSERT, PROBE, SELECT_ALL

_row = attrgetter("position", "stream", "sequence", "topic", "data")

_MOST = 2**63 - 1
_PAGE = 1000

QUIET = 5.0
"""Seconds after a failure before writing is tried again just to find out: a caller is likely trying already."""


class GroupWriter:
    """The only writer of the log; keeps its heads in memory.

    - A group is in the log whole or not at all.
    - Its events are announced before any append of it is answered.
    - A failed group changes nothing, and the next one starts afresh.
    """

    def __init__(
        self,
        connection: aiosqlite.Connection,
        presence: Presence,
        listeners: CommitListeners,
        head: Position,
        heads: dict[CodebaseId, Sequence],
    ) -> None:
        self.head = head
        self.heads = heads
        self._connection, self._presence = connection, presence
        self._listeners = listeners
        self._waiting: deque[Append] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._trouble: str | None = None
        self._failed_at = 0.0

    async def trouble(self) -> str | None:
        """Why the last append failed; None if it didn't, or if writing works again.

        After a failure that is found out by writing a page that changes nothing.
        """
        if self._trouble is not None and loop_seconds() - self._failed_at < QUIET:
            return self._trouble
        try:
            if self._trouble is None:
                await asyncio.to_thread(self._presence.check_writable)
            else:
                await self._connection.executescript(PROBE)
            self._trouble = None
        except (sqlite3.Error, StoreError) as error:
            self._trouble = str(error)
        return self._trouble

    async def append(self, stream: CodebaseId, expected: Sequence, events: Many[NewEvent]) -> tuple[RecordedEvent, ...]:
        """Join the next group and wait for its commit."""
        answer: asyncio.Future[tuple[RecordedEvent, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append(Append(stream, expected, events, answer))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="log writer")
        return await answer

    async def finish(self) -> None:
        """Return when nothing is waiting to be written."""
        while self._writing is not None and not self._writing.done():
            await asyncio.wait((self._writing,))

    async def _write(self) -> None:
        group: list[Append] = []
        try:
            while group := take_group(self._waiting):
                await self._commit(group)
                # Those just answered run now and get into the next group; without this there would be two
                # half groups taking turns, each waiting for the other's fsync.
                await asyncio.sleep(0)
        except BaseException:
            # The loop is going down. Whether this group gets through is not known here, and a cancel says just that.
            for append in (*group, *self._waiting):
                append.answer.cancel()
            self._waiting.clear()
            raise

    async def _commit(self, group: Many[Append]) -> None:
        try:
            plan = await self._insert(group)
        except Exception as error:
            if isinstance(error, sqlite3.Error | StoreError):
                self._trouble, self._failed_at = str(error), loop_seconds()
            _fail(group, error)
        else:
            self._trouble = None
            self._answer(plan)

    async def _insert(self, group: Many[Append]) -> Plan:
        try:
            return await self._insert_once(group)
        except sqlite3.IntegrityError:
            # Another program wrote to the file in spite of the lock. What it wrote stands: learn it, then try again.
            await self._catch_up()
            return await self._insert_once(group)

    async def _insert_once(self, group: Many[Append]) -> Plan:
        plan = plan_group(group, self.head, self.heads)
        if plan.events:
            await self._connection.executemany(INSERT, map(_row, plan.events))
        return plan

    async def _catch_up(self) -> None:
        while True:
            rows = await self._connection.execute_fetchall(SELECT_ALL, (self.head, _MOST, _PAGE))
            found = cast(list[RecordedEvent], rows)
            if not found:
                return
            self.heads.update({event.stream: event.sequence for event in found})
            self.head = found[-1].position
            self._listeners.announce(tuple(found))

    def _answer(self, plan: Plan) -> None:
        if plan.events:
            self.heads.update(plan.heads)
            self.head = plan.events[-1].position
            self._listeners.announce(tuple(plan.events))
        for append, recorded in plan.accepted:
            if not append.answer.done():
                append.answer.set_result(recorded)
        for append, current in plan.refused:
            if not append.answer.done():
                append.answer.set_exception(WrongExpectedVersion(current, append.expected))


def _fail(group: Many[Append], error: Exception) -> None:
    for append in group:
        if not append.answer.done():
            refusal = StoreError(f"The log could not be written ({error}); nothing of this was recorded.")
            refusal.__cause__ = error
            append.answer.set_exception(refusal)
