"""A log whose last bytes never reached the disk is a log that ends earlier, between two groups."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence

Row = tuple[Any, ...]
GROUPS = 3
HEADER = 32


def write_ahead_log(path: Path) -> Path:
    """Where SQLite keeps what is committed and not yet in the database."""
    return path.with_name(path.name + "-wal")


def make_small_pages(path: Path) -> None:
    """Prepare an empty database of small pages, so that a group is a few hundred bytes and each can be tried."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA page_size = 512")
        connection.execute("VACUUM")


async def write_groups(path: Path) -> tuple[bytes, bytes, list[tuple[int, int]]]:
    """A database, its write-ahead log with some groups, and for each: where it ends in bytes and in positions."""
    await asyncio.to_thread(make_small_pages, path)
    async with SqliteEventStore.open(path) as store:
        await store.append(CodebaseId("cb_0"), Sequence(0), [NewEvent("status", b"{}")] * 3)
    async with SqliteEventStore.open(path) as store:
        ends = [(HEADER, 3)]
        store.on_commit(lambda events: ends.append((write_ahead_log(path).stat().st_size, events[-1].position)))
        for n in range(GROUPS):
            streams = (CodebaseId(f"cb_{n}_{m}") for m in range(2))
            events = [NewEvent("output", b"x" * 100), NewEvent("status", b"{}")]
            await asyncio.gather(*(store.append(stream, Sequence(0), events) for stream in streams))
        database, log = await asyncio.to_thread(lambda: (path.read_bytes(), write_ahead_log(path).read_bytes()))
    return database, log, ends


def recovered(path: Path, database: bytes, log: bytes) -> list[Row]:
    """What SQLite finds in these two files after a crash."""
    path.write_bytes(database)
    write_ahead_log(path).write_bytes(log)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # this one is only read
        return connection.execute("SELECT rowid, originator_id, originator_version FROM stored_events").fetchall()


def test_a_log_cut_at_any_byte_ends_between_two_groups(path: Path, tmp_path: Path) -> None:
    """Whatever byte was the last to be written: a group is there whole once its last byte is, and not before.

    Every byte around the ends of the groups is tried, and every fifth elsewhere.
    """
    database, log, ends = asyncio.run(write_groups(path))
    whole = recovered(tmp_path / "crashed.db", database, log)
    assert len(whole) == ends[-1][1] == 3 + GROUPS * 4
    around = {end + by for end, _ in ends for by in range(-30, 31)}
    for kept in sorted({*range(0, len(log) + 1, 5), *(place for place in around if 0 <= place <= len(log))}):
        last = max((position for end, position in ends if end <= kept), default=3)
        assert recovered(tmp_path / "crashed.db", database, log[:kept]) == whole[:last], f"cut at byte {kept}"


async def test_a_log_cut_around_its_groups_opens_and_goes_on(path: Path, tmp_path: Path) -> None:
    """After such a crash the store opens, its heads are those of what is left, and appends follow without a hole."""
    database, log, ends = await write_groups(path)
    for number, (end, position) in enumerate(ends):
        for kept, head in ((end - 1, ends[max(number - 1, 0)][1]), (end, position), (end + 1, position)):
            crashed = tmp_path / f"{kept}.db"
            await asyncio.to_thread(crashed.write_bytes, database)
            await asyncio.to_thread(write_ahead_log(crashed).write_bytes, log[:kept])
            async with SqliteEventStore.open(crashed) as store:
                assert store.head == head
                await store.append(CodebaseId("cb_0"), Sequence(3), [NewEvent("status", b"{}")])
                events = await store.read_all(Position(0), 1000)
                assert [event.position for event in events] == list(range(1, head + 2))
