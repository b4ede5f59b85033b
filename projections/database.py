"""The file of the views: SQLite in WAL mode, a cache of the log that may be thrown away at any time.

Promises: the rows of a batch and the position that it leads to change in one transaction, or not at all; a batch
is applied only right after the position that it continues; readers have a connection of their own and see every
batch applied before.
"""

import asyncio
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

import aiosqlite

from ..domain.errors import StoreError
from ..domain.fault_points import Reach
from ..domain.ids import Position
from .batch import Batch, Value
from .private_file import make_private

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
    """A batch does not continue what the views hold."""


class _Connection(sqlite3.Connection):
    """A connection that carries out a batch in one call, and so in one hop to aiosqlite's thread."""

    reach: Reach

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """Execute pairs of statement and values, the last of which must change a row: all in one transaction.

        `sql` begins the transaction. Raises `OutOfStep`, with nothing changed, where the last changed no row.
        """
        self.execute(sql)
        with self:
            *rows, advance = parameters
            for statement, values in rows:
                self.reach("projection.between_statements")
                self.execute(statement, values)
            self.reach("projection.between_rows_and_tracking")
            cursor = self.execute(*advance)
            if cursor.rowcount != 1:
                raise OutOfStep("the batch does not continue what the views hold")
            self.reach("projection.before_commit")
        self.reach("projection.after_commit")
        return cursor


class Database:
    """An open file of views."""

    def __init__(self, path: Path, reach: Reach, connections: "_Connections") -> None:
        self._path, self._reach = path, reach
        self._writer, self._reader = connections
        self._there = asyncio.Event()
        self._there.set()

    @classmethod
    async def open(cls, path: Path, reach: Reach) -> "Database":
        """Open the file, or an empty one. Raises `sqlite3.Error` where it can't be used."""
        return cls(path, reach, await _connected(path, reach))

    async def create(self, schema: str, version: str) -> None:
        """Make the tables in an empty file, at position 0."""
        await self._writer.executescript(
            f"BEGIN; {_TRACKING} INSERT INTO tracking VALUES ('{version}', 0, ''); {schema} COMMIT;"
        )

    async def tracked(self) -> tuple[str, Position, str]:
        """The version, the position of the last applied event and that event's fingerprint."""
        ((version, position, fingerprint),) = await self._writer.execute_fetchall(
            "SELECT version, position, fingerprint FROM tracking"
        )
        return version, Position(position), fingerprint

    async def sound(self) -> bool:
        """Whether SQLite finds no damage in the file."""
        return list(await self._writer.execute_fetchall("PRAGMA quick_check(1)")) == [("ok",)]

    async def apply(self, batch: Batch, after: Position, upto: Position, fingerprint: str) -> None:
        """Write what the events from `after` (exclusive) to `upto` change. Raises `sqlite3.Error`, then nothing did."""
        advance = (_ADVANCE, (upto, fingerprint, after))
        await self._writer.executemany("BEGIN IMMEDIATE", (*batch.statements(), advance))

    async def fetch(self, sql: str, *values: Value) -> list[Any]:
        """Read rows. Raises `StoreError`."""
        await self._there.wait()
        try:
            return list(await self._reader.execute_fetchall(sql, values))
        except (sqlite3.Error, ValueError) as error:
            raise StoreError(f"The views can't be read: {error}.") from error

    async def become(self, other: Path) -> None:
        """Go on with another file, which nobody has open and which takes this one's place; reads wait for it.

        Nothing may be applied meanwhile. Cut off anywhere, there are these views, the others, or none, and never a file
        beside another's write-ahead log. Raises `sqlite3.Error` or `OSError`; then these serve on if they are still there.
        Cancelled, it is carried out all the same.
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
                self._writer, self._reader = await _connected(self._path, self._reach)
        finally:
            self._there.set()

    async def close(self) -> None:
        """Let what is under way finish, then close."""
        await self._reader.close()
        await self._writer.close()


_Connections: TypeAlias = tuple[aiosqlite.Connection, aiosqlite.Connection]


async def _connected(path: Path, reach: Reach) -> _Connections:
    """A connection that writes and one that reads."""
    writer = await _connect(path, reach)
    try:
        await writer.execute_fetchall("PRAGMA journal_mode = WAL")
        await writer.execute_fetchall("PRAGMA synchronous = NORMAL")
        return writer, await _connect(path, reach)
    except BaseException:
        await writer.close()
        raise


async def _connect(path: Path, reach: Reach) -> aiosqlite.Connection:
    def connector() -> sqlite3.Connection:
        make_private(path)
        connection = sqlite3.connect(path, isolation_level=None, factory=_Connection)
        connection.reach = reach
        return connection

    return await aiosqlite.Connection(connector, 64)


def _exchange(path: Path, other: Path, reach: Reach) -> None:
    for suffix in ("-wal", "-journal"):
        if (left := other.with_name(other.name + suffix)).exists() and left.stat().st_size:
            raise OSError(f"{other} is not whole without {left.name}, as on a full disk")
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
