"""The log in one SQLite file, in the `eventsourcing` library's own schema."""

import asyncio
import sqlite3
from collections.abc import Callable, Generator
from collections.abc import Sequence as Many
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import cast

from ...domain.errors import StoreError
from ...domain.events.recorded import NewEvent, RecordedEvent
from ...domain.fault_points import Reach, pass_by
from ...domain.ids import CodebaseId, Position, Sequence
from ...domain.ports import CommitListener
from .connections import LOCK_TIMEOUT, Connections, open_connections
from .listeners import CommitListeners
from .sql_statements import SELECT_ALL, SELECT_COUNT, SELECT_HEAD, SELECT_HEADS, SELECT_LIFECYCLE, SELECT_STREAM
from .writer import GroupWriter


class SqliteEventStore:
    """An `EventStore` on disk: an append that was answered survives the loss of the process and of power.

    Nothing can be read before its commit was announced to the listeners. So a listener that knows of position n, and
    reads up to n, misses nothing and gets nothing twice.
    """

    def __init__(self, connections: Connections, head: Position, heads: dict[CodebaseId, Sequence]) -> None:
        self._connections = connections
        self._listeners = CommitListeners()
        self._writer = GroupWriter(connections.writer, connections.presence, self._listeners, head, heads)
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    def open(cls, path: Path, *, lock_timeout: float = LOCK_TIMEOUT, reach: Reach = pass_by) -> "Opening":
        """Open the log; create it if it isn't there. `await` this, or enter it with `async with`, which also closes it.

        `lock_timeout`: seconds to wait for a program that has the file locked. Raises `StoreError`.
        """
        return Opening(path, lock_timeout, reach)

    @classmethod
    async def over(cls, connections: Connections) -> "SqliteEventStore":
        """A store over open connections, which it closes."""
        try:
            head, heads = await _heads(connections)
            count = await _count(connections)
        except sqlite3.Error as error:
            await connections.close()
            raise StoreError(f"The log is damaged ({error}): put a backup in its place.") from error
        if not head == count == sum(heads.values()):
            await connections.close()
            raise StoreError(
                f"The log goes up to {head} and has {count} events, {sum(heads.values())} by their codebases' numbers: "
                "something was removed, added or moved. `opencode-ledger audit verify` shows what; put a backup in its place."
            )
        return cls(connections, head, heads)

    @property
    def head(self) -> Position:
        """See `EventStore`."""
        return self._writer.head

    async def append(self, stream: CodebaseId, expected: Sequence, events: Many[NewEvent]) -> tuple[RecordedEvent, ...]:
        """See `EventStore`."""
        self._refuse_when_closed()
        if not events:
            raise ValueError("an append needs at least one event")
        return await self._writer.append(stream, expected, events)

    async def stream_head(self, stream: CodebaseId) -> Sequence:
        """See `EventStore`."""
        self._refuse_when_closed()
        return self._head_of(stream)

    async def read_stream(
        self, stream: CodebaseId, after: Sequence, limit: int, *, upto: Sequence | None = None
    ) -> list[RecordedEvent]:
        """See `EventStore`."""
        head = self._head_of(stream)
        return await self._read(SELECT_STREAM, stream, after, head if upto is None else min(upto, head), limit)

    async def read_lifecycle(self, stream: CodebaseId, after: Sequence, limit: int) -> list[RecordedEvent]:
        """See `EventStore`."""
        return await self._read(SELECT_LIFECYCLE, stream, after, self._head_of(stream), limit)

    async def read_all(self, after: Position, limit: int) -> list[RecordedEvent]:
        """See `EventStore`."""
        return await self._read(SELECT_ALL, None, after, self.head, limit)

    async def trouble(self) -> str | None:
        """See `EventStore`."""
        self._refuse_when_closed()
        return await self._writer.trouble()

    def on_commit(self, listener: CommitListener) -> Callable[[], None]:
        """See `EventStore`."""
        return self._listeners.add(listener)

    async def close(self) -> None:
        """See `EventStore`."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="log closing")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await self._writer.finish()
        await self._connections.close()

    def _head_of(self, stream: CodebaseId) -> Sequence:
        return self._writer.heads.get(stream, Sequence(0))

    async def _read(
        self, select: str, stream: CodebaseId | None, after: int, upto: int, limit: int
    ) -> list[RecordedEvent]:
        self._refuse_when_closed()
        if after >= upto or limit <= 0:
            return []
        bounds = (after, upto, limit) if stream is None else (stream, after, upto, limit)
        try:
            rows = await self._connections.reader.execute_fetchall(select, bounds)
        except sqlite3.Error as error:
            raise StoreError(f"The log could not be read ({error}).{_advice(error)}") from error
        except TypeError as error:  # a page is weighed by its data
            raise StoreError(
                f"An event of the log after {after} is not stored as it was recorded: `opencode-ledger audit verify` shows which."
            ) from error
        return cast(list[RecordedEvent], rows)

    def _refuse_when_closed(self) -> None:
        if self._closing is not None:
            raise StoreError("The log is closed.")


class Opening(AbstractAsyncContextManager[SqliteEventStore]):
    """A store that is about to be opened, by `await` or by `async with`."""

    def __init__(self, path: Path, lock_timeout: float, reach: Reach) -> None:
        self._path = path
        self._lock_timeout, self._reach = lock_timeout, reach
        self._store: SqliteEventStore | None = None

    def __await__(self) -> Generator[None, None, SqliteEventStore]:
        return self._open().__await__()

    async def __aenter__(self) -> SqliteEventStore:
        self._store = await self._open()
        return self._store

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._store is not None:
            await self._store.close()

    async def _open(self) -> SqliteEventStore:
        return await SqliteEventStore.over(await open_connections(self._path, self._lock_timeout, self._reach))


def _advice(error: sqlite3.Error) -> str:
    """What to do, if the file itself is the cause."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return ""
    return " It is damaged: stop the server, see with `opencode-ledger audit verify` how far it is sound, put a backup in its place."


async def _count(connections: Connections) -> int:
    """The number of events in the index that streams are read through, because an event could be hidden in it."""
    async with connections.reader.execute(SELECT_COUNT) as cursor:
        cursor.row_factory = None
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def _heads(connections: Connections) -> tuple[Position, dict[CodebaseId, Sequence]]:
    async with connections.reader.execute(SELECT_HEAD) as cursor:
        cursor.row_factory = None
        row = await cursor.fetchone()
    async with connections.reader.execute(SELECT_HEADS) as cursor:
        cursor.row_factory = None
        streams = await cursor.fetchall()
    return Position(row[0] if row else 0), {CodebaseId(stream): Sequence(head) for stream, head in streams}
