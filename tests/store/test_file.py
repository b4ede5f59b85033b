"""The log's file: readable by the `eventsourcing` library, guarded against change, and opened with care."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.sqlite import SQLiteAggregateRecorder, SQLiteApplicationRecorder, SQLiteDatastore

from opencode_ledger.actors.store.connections import open_connections, pragma
from opencode_ledger.actors.store.schema import SCHEMA_VERSION
from opencode_ledger.actors.store.sql_statements import SELECT_LIFECYCLE
from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence

Sql = Callable[..., Awaitable[list[tuple[Any, ...]]]]

A = CodebaseId("cb_a")
START = Sequence(0)


async def fill(store: SqliteEventStore, streams: int = 3, appends: int = 4) -> None:
    """Write two events per append, one of them output."""
    for n in range(appends):
        for name in range(streams):
            events = [NewEvent("output", b'{"text":"%d"}' % n), NewEvent("status", b'{"n":%d}' % n)]
            await store.append(CodebaseId(f"cb_{name}"), Sequence(2 * n), events)


def read_as_the_library_does(path: Path) -> tuple[list[Notification], dict[str, list[StoredEvent]], int]:
    """Everything, read with the library's stock recorders."""
    datastore = SQLiteDatastore(str(path), originator_id_type="text")
    try:
        recorder = SQLiteApplicationRecorder(datastore)
        recorder.create_table()
        notifications = list(recorder.select_notifications(start=1, limit=1000))
        streams = {str(n.originator_id) for n in notifications}
        events = {stream: list(SQLiteAggregateRecorder(datastore).select_events(stream)) for stream in streams}
        return notifications, events, recorder.max_notification_id()
    finally:
        datastore.close()


async def test_a_stock_eventsourcing_recorder_reads_every_event_of_an_open_log(path: Path) -> None:
    """The library reads our file while we have it open: each event, its number, and its notification."""
    async with SqliteEventStore.open(path) as store:
        await fill(store)
        ours = await store.read_all(Position(0), 1000)
        notifications, events, last = await asyncio.to_thread(read_as_the_library_does, path)
        assert last == store.head == 24
        assert [(n.id, n.originator_id, n.originator_version, n.topic, n.state) for n in notifications] == [
            (e.position, e.stream, e.sequence, e.topic, e.data) for e in ours
        ]
        for stream, stored in events.items():
            history = await store.read_stream(CodebaseId(stream), START, 1000)
            assert [(e.originator_version, e.topic, e.state) for e in stored] == [
                (e.sequence, e.topic, e.data) for e in history
            ]


async def test_the_table_is_the_librarys_own(path: Path, tmp_path: Path, sql: Sql) -> None:
    """Column for column and key for key our table is the one that the library itself would make."""

    def columns_of_the_library() -> list[tuple[Any, ...]]:
        datastore = SQLiteDatastore(str(tmp_path / "stock.db"), originator_id_type="text")
        try:
            SQLiteApplicationRecorder(datastore).create_table()
            with datastore.transaction(commit=False) as cursor:
                cursor.execute("PRAGMA table_info(stored_events)")
                return [tuple(row) for row in cursor.fetchall()]
        finally:
            datastore.close()

    async with SqliteEventStore.open(path):
        assert await sql("PRAGMA table_info(stored_events)") == await asyncio.to_thread(columns_of_the_library)


async def test_every_commit_waits_for_the_disk(path: Path) -> None:
    """The writing connection has synchronous=FULL and a write-ahead log; the reading one can't write."""
    connections = await open_connections(path)
    try:
        assert await pragma(connections.writer, "synchronous") == 2
        assert await pragma(connections.writer, "journal_mode") == "wal"
        assert await pragma(connections.reader, "query_only") == 1
    finally:
        await connections.close()


async def test_the_life_of_a_stream_is_found_without_scanning_its_output(path: Path) -> None:
    """Rebuilding an actor reads an index that has no output in it."""
    connections = await open_connections(path)
    async with connections.reader.execute(f"EXPLAIN QUERY PLAN {SELECT_LIFECYCLE}", (A, 0, 10, 10)) as cursor:
        cursor.row_factory = None
        plan = [row[3] for row in await cursor.fetchall()]
    await connections.close()
    assert len(plan) == 1
    assert plan[0].startswith("SEARCH stored_events USING INDEX stored_events_lifecycle")


async def test_a_log_is_found_again_as_it_was_left(path: Path) -> None:
    """After a reopening the heads and the events are the same, and writing goes on from there."""
    async with SqliteEventStore.open(path) as store:
        await fill(store)
        events = await store.read_all(Position(0), 1000)
    async with SqliteEventStore.open(path) as store:
        assert await store.read_all(Position(0), 1000) == events
        assert store.head == 24
        assert [await store.stream_head(CodebaseId(f"cb_{n}")) for n in range(4)] == [8, 8, 8, 0]
        recorded = await store.append(CodebaseId("cb_1"), Sequence(8), [NewEvent("status", b"{}")])
        assert (recorded[0].position, recorded[0].sequence) == (25, 9)


async def test_closing_leaves_one_file(path: Path) -> None:
    """A log that was closed is one file that can be copied."""
    async with SqliteEventStore.open(path) as store:
        await fill(store)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


# --- files that can't be opened ---------------------------------------------------------------------------------


async def refusal(path: Path) -> str:
    """What opening this file is answered with."""
    with pytest.raises(StoreError) as refused:
        await SqliteEventStore.open(path, lock_timeout=0.05)
    return refused.value.message


async def contents(path: Path) -> bytes:
    """What the file holds, byte for byte."""
    return await asyncio.to_thread(path.read_bytes)


async def test_a_log_of_a_newer_version_is_left_alone(path: Path, sql: Sql) -> None:
    """An older program says which version wrote the log, and does not touch it."""
    async with SqliteEventStore.open(path):
        pass
    await sql(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = await contents(path)
    assert f"newer opencode-ledger (it has schema {SCHEMA_VERSION + 1}" in await refusal(path)
    assert await contents(path) == before


async def test_a_database_of_another_program_is_left_alone(path: Path, sql: Sql) -> None:
    """A database that is no log of ours is neither used nor changed."""
    await sql("CREATE TABLE recipes (name)")
    before = await contents(path)
    assert "belongs to another program" in await refusal(path)
    assert await contents(path) == before


async def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    """Any other file is called what it is, with a way out."""
    await asyncio.to_thread(path.write_bytes, b"Dear diary, " * 1000)
    message = await refusal(path)
    assert "damaged or no database" in message
    assert "backup" in message
    assert await contents(path) == b"Dear diary, " * 1000


async def test_a_damaged_log_is_recognised(path: Path) -> None:
    """A log whose pages were overwritten is refused with advice."""
    async with SqliteEventStore.open(path) as store:
        await fill(store, appends=200)
    content = await contents(path)
    await asyncio.to_thread(path.write_bytes, content[:4096] + b"\xff" * (len(content) - 4096))
    message = await refusal(path)
    assert "damaged" in message
    assert "backup" in message


async def test_a_place_without_a_write_ahead_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQLite can't keep a write-ahead log (here: in memory) the promises could not be kept, and it says so."""
    monkeypatch.chdir(tmp_path)
    assert "without write-ahead logs" in await refusal(Path(":memory:"))


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    """Where the directory isn't there, the message names the path and what to check."""
    message = await refusal(tmp_path / "nowhere" / "ledger.db")
    assert "nowhere/ledger.db can't be opened" in message
    assert "No such file or directory" in message
    assert "check that its directory exists" in message


async def test_a_log_that_another_program_keeps_locked_is_named(path: Path) -> None:
    """Where another program holds the file, opening gives up after its patience and says so."""
    async with SqliteEventStore.open(path):
        pass
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    try:
        assert "locked by another program" in await refusal(path)
    finally:
        other.close()
