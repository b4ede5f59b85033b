"""Opens the log's file with one connection that writes and one that reads. Errors say what to do."""

import asyncio
import os
import sqlite3
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, cast

import aiosqlite
import structlog

from ...domain.errors import StoreError
from ...domain.events.recorded import RecordedEvent, page_of
from ...domain.fault_points import Reach, pass_by
from .evidence.beside import check_before_opening
from .file_identity import Presence
from .guards import SELECT_SHAPE, deviations, is_known, strange
from .schema import APPLICATION_ID, CREATE, READABLE_SCHEMAS, SCHEMA_VERSION

log = structlog.get_logger()

LOCK_TIMEOUT = 5.0
"""Seconds to wait for another program that has the file locked."""

WAL_BYTES_KEPT = 64 * 1024 * 1024
"""The most bytes of the write-ahead log's file that stay after its content is in the database."""


class GroupConnection(sqlite3.Connection):
    """Makes `executemany` one durable transaction: all rows or none.

    aiosqlite runs each of its calls as one hop to its thread. Its public interface lets no function of ours run there,
    so the transaction is wrapped around this call: a group's BEGIN, rows and COMMIT cost one hop instead of three.
    """

    reach: Reach
    presence: Presence

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """Run BEGIN, `sql` for each of `parameters`, COMMIT. After a failure roll back, and raise it.

        Raises `StoreError` if the disk has too little room. Raises it, even after the COMMIT, if the file was moved or
        replaced: nobody would find that group again.
        """
        self.presence.check_writable()
        self.reach("append.before_transaction")
        self.execute("BEGIN IMMEDIATE")
        try:
            cursor = super().executemany(sql, parameters)
            self.reach("append.before_commit")
            self.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself after the worst errors (full, I/O); a second time would be an error.
            if self.in_transaction:
                self.execute("ROLLBACK")
            raise
        self.reach("append.after_commit")
        self.presence.check()
        return cursor

    def executescript(self, script: str, /) -> sqlite3.Cursor:
        """Run a script, and roll it back if it fails. Raises `StoreError` if the file was replaced, or has no room."""
        self.presence.check_writable()
        try:
            return super().executescript(script)
        except BaseException:
            if self.in_transaction:
                self.execute("ROLLBACK")
            raise


class PageCursor(sqlite3.Cursor):
    """Fetches only the selected events that make a page; the others are never in memory."""

    def fetchall(self) -> list[Any]:
        """All rows that there are, or as many events as make a page."""
        first = self.fetchone()
        if not isinstance(first, RecordedEvent):
            return [] if first is None else [first, *super().fetchall()]
        return page_of(chain([first], self))


class ReadingConnection(sqlite3.Connection):
    """A connection whose `execute` gives cursors that fetch pages."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run a statement."""
        return self.cursor(PageCursor).execute(sql, parameters)


@dataclass(frozen=True, slots=True)
class Connections:
    """The writer and the reader of one log. The reader has its own thread and never waits for the writer's fsync."""

    writer: aiosqlite.Connection
    reader: aiosqlite.Connection
    presence: Presence

    async def close(self) -> None:
        """Close both. The writer comes last, because the last one moves the write-ahead log into the database."""
        try:
            await self.reader.close()
        finally:
            await self.writer.close()


async def open_connections(path: Path, lock_timeout: float = LOCK_TIMEOUT, reach: Reach = pass_by) -> Connections:
    """Open the log at `path`; create it if it isn't there.

    Raises `StoreError` with advice if the file can't be opened, is damaged, isn't a log, or is a newer one.
    """
    presence = Presence(path)
    async with AsyncExitStack() as undo:
        try:
            await asyncio.to_thread(check_before_opening, path)
            await asyncio.to_thread(_settle, path)
            writer = await aiosqlite.Connection(partial(_group_connection, path, lock_timeout, reach, presence), 64)
            undo.push_async_callback(writer.close)
            await _prepare(writer, path)
            reader = await aiosqlite.connect(
                path, isolation_level=None, timeout=lock_timeout, factory=ReadingConnection
            )
            undo.push_async_callback(reader.close)
            await reader.execute_fetchall("PRAGMA query_only = ON")
            await asyncio.to_thread(presence.remember)
        except (sqlite3.Error, OSError) as error:
            raise _cannot_open(path, error) from error
        for connection in (writer, reader):
            connection.row_factory = cast(type, _recorded_event)  # aiosqlite annotates it too narrowly
        undo.pop_all()
        return Connections(writer, reader, presence)


async def pragma(connection: aiosqlite.Connection, name: str) -> int | str:
    """The present value of a setting of this connection or its file."""
    async with connection.execute(f"PRAGMA {name}") as cursor:
        cursor.row_factory = None
        row = await cursor.fetchone()
    value: int | str = row[0] if row else ""
    return value


def _recorded_event(_: sqlite3.Cursor, row: tuple[Any, ...]) -> RecordedEvent:
    return RecordedEvent(*row)


def _settle(path: Path) -> None:
    """Create the file if there is none, and make sure that what is found is on the disk.

    A server that is killed between writing a group and its fsync leaves a group that is readable but not yet durable.
    Views, tree and subscribers will read it from now on, and none of them may ever know more than the log does after a
    loss of power.
    """
    # SQLite would say no more than "unable to open database file", and would let others read what it makes.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    with suppress(FileNotFoundError):
        ahead = os.open(path.with_name(path.name + "-wal"), os.O_RDWR | os.O_CLOEXEC)
        try:
            os.fsync(ahead)
        finally:
            os.close(ahead)


def _group_connection(path: Path, lock_timeout: float, reach: Reach, presence: Presence) -> GroupConnection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=lock_timeout, factory=GroupConnection)
    connection.reach, connection.presence = reach, presence
    return connection


async def _prepare(writer: aiosqlite.Connection, path: Path) -> None:
    # Look before anything is set: a file that isn't ours must stay as it is.
    fresh = await _is_fresh(writer, path)
    making_good = "" if fresh else await _making_good(writer, path)
    if await pragma(writer, "journal_mode = WAL") != "wal":
        raise StoreError(f"{path} is on a file system without write-ahead logs: choose a local disk with --data.")
    await writer.execute_fetchall("PRAGMA synchronous = FULL")
    await writer.execute_fetchall(f"PRAGMA journal_size_limit = {WAL_BYTES_KEPT}")
    # An empty group is a write nevertheless, and finds out now whether writing is possible.
    await writer.executescript(CREATE if fresh else f"BEGIN IMMEDIATE; {making_good} COMMIT;")


async def _is_fresh(writer: aiosqlite.Connection, path: Path) -> bool:
    """Whether the file must still be made into a log. Raises `StoreError` if it can't be one."""
    application = await pragma(writer, "application_id")
    version = await pragma(writer, "user_version")
    tables = list(await writer.execute_fetchall("SELECT 1 FROM sqlite_master LIMIT 1"))
    if application == 0 and version == 0 and not tables:
        return True
    if application != APPLICATION_ID:
        raise StoreError(f"{path} belongs to another program and was left alone: choose another directory with --data.")
    if not is_known(version):
        raise StoreError(
            f"{path} was written by a newer opencode-ledger (it has schema {version}; this version reads only "
            f"{READABLE_SCHEMAS}) and was left alone: install that version, or choose another directory with --data."
        )
    return False


async def _making_good(writer: aiosqlite.Connection, path: Path) -> str:
    """The statements that restore missing guards, and bring a file of an older version up to this one.

    Raises `StoreError` if the file has foreign parts.
    """
    version = int(await pragma(writer, "user_version"))
    found = await asyncio.to_thread(deviations, list(await writer.execute_fetchall(SELECT_SHAPE)), version)
    if refusal := strange(found, path):
        raise refusal
    for sentence, _, expected in found:
        if not expected:
            log.warning(
                "the log's file was altered, and is repaired; check it with audit verify",
                file=str(path),
                found=sentence,
            )
    raised = "" if version == SCHEMA_VERSION else f"PRAGMA user_version = {SCHEMA_VERSION};"
    return "".join(f"{deviation.makes_good};" for deviation in found) + raised


def _cannot_open(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        what = "keep a copy of it and its -wal file, then put a backup in its place or try `sqlite3 FILE .recover`"
        return StoreError(f"{path} is damaged or no database at all ({error}): {what}.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"{path} is locked by another program: end that one, then start again.")
    what = "check that its directory exists, may be written to and has room"
    why = error.strerror if isinstance(error, OSError) else error
    return StoreError(f"{path} can't be opened ({why}): {what}.")
