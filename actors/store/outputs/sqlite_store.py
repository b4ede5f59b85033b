"""Whole outputs on disk: a file of their own beside the log, written before the event that names them.

If the server is killed in between, no event names the output. The next start finds and drops it. All work on the file
is done in threads, one call at a time.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator
from collections.abc import Sequence as Many
from pathlib import Path
from typing import Any, Final, TypeVar

from ....domain.errors import StoreError
from ....domain.fault_points import Reach, pass_by
from ....domain.ids import CodebaseId, OutputId
from ..connections import LOCK_TIMEOUT, WAL_BYTES_KEPT
from ..evidence.beside import check_before_opening
from ..file_identity import Presence
from .schema import (
    ADD_CHUNK,
    BEGIN_OUTPUT,
    CREATE,
    DROP_CHUNKS,
    DROP_OUTPUT,
    END_OUTPUT,
    SELECT_CHUNK,
    SELECT_CHUNKS,
    SELECT_OUTPUT,
    SELECT_UNSETTLED,
    SETTLE,
    is_fresh,
)

T = TypeVar("T")

_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOCKED: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class SqliteOutputStore:
    """See the port `OutputStore`."""

    def __init__(self, connection: sqlite3.Connection, presence: Presence, reach: Reach) -> None:
        self._connection, self._presence, self._reach = connection, presence, reach
        self._turn = threading.Lock()
        self._closed = False

    @classmethod
    async def open(
        cls, path: Path, *, lock_timeout: float = LOCK_TIMEOUT, reach: Reach = pass_by
    ) -> "SqliteOutputStore":
        """Open the file; create it if it isn't there. Raises `StoreError` with advice if it can't be used."""
        return await asyncio.to_thread(cls._open, path, lock_timeout, reach)

    @classmethod
    def _open(cls, path: Path, lock_timeout: float, reach: Reach) -> "SqliteOutputStore":
        presence = Presence(path, share=2)
        try:
            check_before_opening(path)
            _make(path)
            connection = sqlite3.connect(path, isolation_level=None, timeout=lock_timeout, check_same_thread=False)
        except (sqlite3.Error, OSError) as error:
            raise cannot_open(path, error) from error
        try:
            _prepare(connection, path)
            presence.remember()
        except (sqlite3.Error, OSError) as error:
            connection.close()
            raise cannot_open(path, error) from error
        except BaseException:
            connection.close()
            raise
        return cls(connection, presence, reach)

    async def keep(self, codebase: CodebaseId, output: OutputId, salt: bytes, chunks: Iterator[bytes]) -> None:
        """See the port."""
        await self._in_thread(lambda: self._keep(codebase, output, salt, chunks))

    async def size(self, codebase: CodebaseId, output: OutputId) -> int | None:
        """See the port."""
        found = await self._in_thread(lambda: self._find(codebase, output))
        return int(found[2]) if found else None

    async def salt(self, codebase: CodebaseId, output: OutputId) -> bytes | None:
        """See the port."""
        found = await self._in_thread(lambda: self._find(codebase, output))
        return bytes(found[1]) if found else None

    async def read(self, codebase: CodebaseId, output: OutputId, first: int, upto: int) -> bytes:
        """See the port."""
        return await self._in_thread(lambda: self._read(codebase, output, first, upto))

    async def chunk(self, codebase: CodebaseId, output: OutputId, first: int) -> bytes:
        """See the port."""
        return await self._in_thread(lambda: self._chunk(codebase, output, first))

    async def unsettled(self) -> Many[tuple[CodebaseId, OutputId]]:
        """See the port."""
        return await self._in_thread(lambda: self._connection.execute(SELECT_UNSETTLED).fetchall())

    async def settle(self, named: Collection[tuple[CodebaseId, OutputId]]) -> None:
        """See the port."""
        await self._in_thread(lambda: self._settle(named))

    async def close(self) -> None:
        """See the port."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._turn:
            self._closed = True
            self._connection.close()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(self._alone, work)

    def _alone(self, work: Callable[[], T]) -> T:
        with self._turn:
            if self._closed:
                raise StoreError("The file of whole outputs is closed.")
            try:
                return work()
            except sqlite3.Error as error:
                raise StoreError(f"The file of whole outputs could not be used ({error}).") from error

    def _keep(self, codebase: CodebaseId, output: OutputId, salt: bytes, chunks: Iterator[bytes]) -> None:
        self._presence.check()
        with self._transaction():
            number = self._connection.execute(BEGIN_OUTPUT, (codebase, output, salt)).lastrowid
            size = 0
            for chunk in chunks:
                self._presence.check_room()
                self._connection.execute(ADD_CHUNK, (number, size, chunk))
                size += len(chunk)
                self._reach("output.between_chunks")
            self._connection.execute(END_OUTPUT, (size, number))
            self._reach("output.before_commit")
        self._reach("output.after_commit")
        self._presence.check()

    def _find(self, codebase: CodebaseId, output: OutputId) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._connection.execute(SELECT_OUTPUT, (codebase, output)).fetchone()
        return found

    def _read(self, codebase: CodebaseId, output: OutputId, first: int, upto: int) -> bytes:
        found = self._find(codebase, output)
        if not found:
            return b""
        rows = self._connection.execute(SELECT_CHUNKS, (found[0], upto, found[0], first))
        return b"".join(text[max(0, first - at) : upto - at] for at, text in rows)

    def _chunk(self, codebase: CodebaseId, output: OutputId, first: int) -> bytes:
        row = self._connection.execute(SELECT_CHUNK, (codebase, output, first)).fetchone()
        return bytes(row[0]) if row else b""

    def _settle(self, named: Collection[tuple[CodebaseId, OutputId]]) -> None:
        self._presence.check()
        with self._transaction():
            unsettled = self._connection.execute(SELECT_UNSETTLED).fetchall()
            for output in unsettled:
                for statement in (SETTLE,) if output in named else (DROP_CHUNKS, DROP_OUTPUT):
                    self._connection.execute(statement, output)

    def _transaction(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection


def _make(path: Path) -> None:
    """Create a file that is readable by its owner alone. A link or no plain file stays untouched. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    try:
        found = os.fstat(descriptor)
        if found.st_mode & 0o170000 != 0o100000:
            raise OSError("it is no plain file")
        if found.st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    fresh = is_fresh(connection, path)
    ((mode,),) = connection.execute("PRAGMA journal_mode = WAL")
    if mode != "wal":
        raise StoreError(f"{path} is on a file system without write-ahead logs: choose a local disk with --data.")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES_KEPT}")
    # An empty transaction is a write nevertheless, and finds out now whether writing is possible.
    connection.executescript(CREATE if fresh else "BEGIN IMMEDIATE; COMMIT;")


def cannot_open(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    """The error for a file that can't be used, with advice."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return StoreError(f"{path} is damaged or no database at all ({error}): put a backup in its place.")
    if code in _LOCKED:
        return StoreError(f"{path} is locked by another program: end that one, then start again.")
    why = (error.strerror or error) if isinstance(error, OSError) else error
    return StoreError(f"{path} can't be opened ({why}): it must be a plain file that can be written to, with room.")
