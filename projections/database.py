"""The file of the views: SQLite in WAL mode, a cache of the log that may be deleted at any time.

Promises:

- The rows of a batch and the position that it leads to change in one transaction, or not at all.
- A batch is applied only right after the position that it continues.
- Readers have a connection of their own and see every batch applied before. Searches have another one, so that a slow
  one keeps only searches waiting.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from collections.abc import Sequence as Many
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, TypeVar, cast

import aiosqlite

from ..domain.errors import StoreError
from ..domain.fault_points import Reach
from ..domain.ids import Position
from .batch import Batch, Statement, Value
from .private_file import make_private

T = TypeVar("T")

_TRACKING: Final = """
    CREATE TABLE tracking (version TEXT, position INTEGER, fingerprint TEXT);
    """
_ADVANCE: Final = "UPDATE tracking SET position = ?, fingerprint = ? WHERE position = ?"


class Fetch(Protocol):
    """Reads rows."""

    async def __call__(self, sql: str, *values: Value) -> list[Any]:
        """All rows of one query. Raises `StoreError`."""
        ...


class OutOfStep(sqlite3.IntegrityError):
    """A batch does not follow what the views have applied."""


def _carry_out(connection: sqlite3.Connection, batch: Many[Statement], advance: Statement, reach: Reach) -> None:
    """Execute the statements of a batch and then `advance`, which must change a row, in one transaction.

    Raises `OutOfStep`, with nothing changed, where `advance` changed no row.
    """
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        for statement, values in batch:
            reach("projection.between_statements")
            connection.execute(statement, values)
        reach("projection.between_rows_and_tracking")
        if connection.execute(*advance).rowcount != 1:
            raise OutOfStep("the batch does not follow what the views have applied")
        reach("projection.before_commit")
    reach("projection.after_commit")


def _execute(connection: sqlite3.Connection, statements: Many[str]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        for statement in statements:
            connection.execute(statement)


async def _in_thread(connection: aiosqlite.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do some work in the connection's thread, in one hop: aiosqlite has no public name for that."""
    execute = cast("Callable[..., Awaitable[T]]", getattr(connection, "_execute"))  # noqa: B009  # no checker knows it
    return await execute(work, connection._conn)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class Database:
    """An open file of views."""

    def __init__(self, path: Path, reach: Reach, connections: "_Connections") -> None:
        self._path, self._reach = path, reach
        self._writer, self._reader, self._searcher = connections
        self._there = asyncio.Event()
        self._there.set()

    @classmethod
    async def open(cls, path: Path, reach: Reach) -> "Database":
        """Open the file, or an empty one. Raises `sqlite3.Error` where it can't be used."""
        return cls(path, reach, await _connected(path))

    async def create(self, schema: str, version: str) -> None:
        """Create the tables in an empty file, at position 0."""
        await self._writer.executescript(
            f"BEGIN; {_TRACKING} INSERT INTO tracking VALUES ('{version}', 0, ''); {schema} COMMIT;"
        )

    async def tracked(self) -> tuple[str, Position, str]:
        """The version, the position of the last applied event, and that event's fingerprint."""
        ((version, position, fingerprint),) = await self._writer.execute_fetchall(
            "SELECT version, position, fingerprint FROM tracking"
        )
        return version, Position(position), fingerprint

    async def sound(self) -> bool:
        """Whether SQLite finds no damage in the file."""
        return list(await self._writer.execute_fetchall("PRAGMA quick_check(1)")) == [("ok",)]

    async def apply(self, batch: Batch, after: Position, upto: Position, fingerprint: str) -> None:
        """Write what the events from `after` (exclusive) to `upto` change. Raises `sqlite3.Error` if nothing was written."""
        statements, advance = list(batch.statements()), (_ADVANCE, (upto, fingerprint, after))
        await _in_thread(self._writer, lambda connection: _carry_out(connection, statements, advance, self._reach))

    async def execute(self, statements: Many[str]) -> None:
        """Execute statements in one transaction, at whatever position. Raises `sqlite3.Error` if nothing was written."""
        await _in_thread(self._writer, lambda connection: _execute(connection, statements))

    async def fetch(self, sql: str, *values: Value) -> list[Any]:
        """Read rows. Raises `StoreError`."""
        await self._there.wait()
        return await _rows(self._reader, sql, values)

    async def fetch_apart(self, sql: str, *values: Value) -> list[Any]:
        """Read rows, which may take long; other reads don't wait for it. Raises `StoreError`."""
        await self._there.wait()
        return await _rows(self._searcher, sql, values)

    async def become(self, other: Path) -> None:
        """Replace this file by another one, which nobody has open, and continue with it; reads wait meanwhile.

        - Nothing may be applied meanwhile.
        - After a crash there are these views, the other ones, or none, but never a file with another's write-ahead log.
        - Raises `sqlite3.Error` or `OSError`; these views then serve on if they still exist.
        - A cancellation doesn't stop it.
        """
        becoming = asyncio.ensure_future(self._become(other))
        try:
            await asyncio.shield(becoming)
        except asyncio.CancelledError:
            await asyncio.wait((becoming,))
            becoming.exception()
            raise

    async def _become(self, other: Path) -> None:
        self._there.clear()
        try:
            await self.close()
            try:
                await asyncio.to_thread(_exchange, self._path, other, self._reach)
            finally:
                self._writer, self._reader, self._searcher = await _connected(self._path)
        finally:
            self._there.set()

    async def close(self) -> None:
        """Let the work under way finish, then close."""
        for connection in (self._searcher, self._reader, self._writer):
            await connection.close()


_Connections: TypeAlias = tuple[aiosqlite.Connection, aiosqlite.Connection, aiosqlite.Connection]


async def _connected(path: Path) -> _Connections:
    """A connection that writes, one that reads and one that searches."""
    async with AsyncExitStack() as opened:
        writer = await _connect(path)
        opened.push_async_callback(writer.close)
        await writer.execute_fetchall("PRAGMA journal_mode = WAL")
        await writer.execute_fetchall("PRAGMA synchronous = NORMAL")
        reader = await _connect(path)
        opened.push_async_callback(reader.close)
        searcher = await _connect(path)
        opened.pop_all()
        return writer, reader, searcher


async def _rows(connection: aiosqlite.Connection, sql: str, values: tuple[Value, ...]) -> list[Any]:
    try:
        return list(await connection.execute_fetchall(sql, values))
    except (sqlite3.Error, ValueError) as error:
        raise StoreError(f"The views can't be read: {error}.") from error


async def _connect(path: Path) -> aiosqlite.Connection:
    def connector() -> sqlite3.Connection:
        make_private(path)
        return sqlite3.connect(path, isolation_level=None)

    return await aiosqlite.Connection(connector, 64)


def _exchange(path: Path, other: Path, reach: Reach) -> None:
    for suffix in ("-wal", "-journal"):
        if (left := other.with_name(other.name + suffix)).exists() and left.stat().st_size:
            raise OSError(f"{other} is incomplete without {left.name}; the disk may be full")
    reach("views.before_exchange")
    _remove(path)
    reach("views.between_files")
    other.replace(path)
    reach("views.after_exchange")


async def discard(path: Path) -> None:
    """Remove the file of views and what SQLite keeps beside it."""
    await asyncio.to_thread(_remove, path)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
