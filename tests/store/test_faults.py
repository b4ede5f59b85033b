"""What the log does when the disk or another program fails it: all or nothing, said so, and then on as before."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path

import pytest

from opencode_ledger.actors.store import file_identity
from opencode_ledger.actors.store.connections import Connections, open_connections, pragma
from opencode_ledger.actors.store.sql_statements import INSERT
from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.errors import StoreError, WrongExpectedVersion
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence

A, B = CodebaseId("cb_a"), CodebaseId("cb_b")
START = Sequence(0)
BEGINNING = Position(0)
EVENT = NewEvent("status", b"{}")
LARGE = NewEvent("output", bytes(8192))
PATIENCE = 0.05

Fault = Callable[[Connections, Path], AbstractAsyncContextManager[None]]


@pytest.fixture
async def connections(path: Path) -> Connections:
    """The log's connections, closed by the store over them."""
    return await open_connections(path, PATIENCE)


@pytest.fixture
async def store(connections: Connections) -> AsyncIterator[SqliteEventStore]:
    """A log with two events, one of them in stream A."""
    opened = await SqliteEventStore.over(connections)
    await opened.append(A, START, [EVENT])
    await opened.append(B, START, [EVENT])
    yield opened
    await opened.close()


@asynccontextmanager
async def full_disk(connections: Connections, _: Path) -> AsyncGenerator[None]:
    """No page more than there are."""
    before = await pragma(connections.writer, "max_page_count")
    await pragma(connections.writer, f"max_page_count = {await pragma(connections.writer, 'page_count')}")
    yield
    await pragma(connections.writer, f"max_page_count = {before}")


@asynccontextmanager
async def locked_file(_: Connections, path: Path) -> AsyncGenerator[None]:
    """Another program in the midst of writing, for longer than we are patient."""
    other = await asyncio.to_thread(sqlite3.connect, path, isolation_level=None, check_same_thread=False)
    await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
    yield
    await asyncio.to_thread(other.close)


@asynccontextmanager
async def read_only_file(connections: Connections, _: Path) -> AsyncGenerator[None]:
    """Writing refused by SQLite."""
    await pragma(connections.writer, "query_only = ON")
    yield
    await pragma(connections.writer, "query_only = OFF")


@asynccontextmanager
async def nearly_full_disk(_: Connections, __: Path) -> AsyncGenerator[None]:
    """More is to stay free than there is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_identity, "RESERVE", 2**62)
        patch.setattr(file_identity, "SHARE", 1.0)
        yield


@pytest.mark.parametrize("fault", [full_disk, nearly_full_disk, locked_file, read_only_file])
async def test_a_group_that_cannot_be_written_leaves_nothing_behind(
    store: SqliteEventStore, connections: Connections, path: Path, fault: Fault
) -> None:
    """Every append of it says so, no event is there, nobody heard of one, and later appends go on as before."""
    before = await store.read_all(BEGINNING, 100)
    heard: list[tuple[RecordedEvent, ...]] = []
    store.on_commit(heard.append)
    async with fault(connections, path):
        answers = await asyncio.gather(
            store.append(A, Sequence(1), [LARGE] * 20),
            *(store.append(CodebaseId(f"cb_{n}"), START, [EVENT, LARGE]) for n in range(20)),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers] == [StoreError] * 21
        assert "nothing of this was recorded" in str(answers[0])
        assert (store.head, await store.stream_head(A)) == (2, 1)
        assert await store.read_all(BEGINNING, 100) == before
        assert heard == []
    recorded = await store.append(A, Sequence(1), [LARGE])
    assert (recorded[0].position, recorded[0].sequence) == (3, 2)
    assert await store.read_all(BEGINNING, 100) == [*before, *recorded]


async def test_a_stale_append_in_a_failed_group_is_not_called_stale(
    store: SqliteEventStore, connections: Connections, path: Path
) -> None:
    """Of two appends at one head in a group that failed neither was first: both may be tried again."""
    async with full_disk(connections, path):
        answers = await asyncio.gather(
            store.append(A, Sequence(1), [LARGE]), store.append(A, Sequence(1), [LARGE]), return_exceptions=True
        )
    assert [type(answer) for answer in answers] == [StoreError] * 2
    await store.append(A, Sequence(1), [LARGE])


async def test_an_event_that_cannot_be_stored_at_all_stops_nobody_after_it(store: SqliteEventStore) -> None:
    """Where text is no text the append is refused, and the log goes on."""
    with pytest.raises(StoreError, match="surrogates not allowed"):
        await asyncio.wait_for(store.append(A, Sequence(1), [NewEvent("\ud800", b"{}")]), timeout=30)
    await store.append(A, Sequence(1), [EVENT])


async def test_readers_do_not_wait_for_a_writer_that_waits(path: Path) -> None:
    """While an append waits for the disk or for another program, everything committed can be read."""
    connections = await open_connections(path)
    async with asyncio.timeout(30):
        store = await SqliteEventStore.over(connections)
        recorded = await store.append(A, START, [EVENT])
        async with locked_file(connections, path):
            waiting = asyncio.create_task(store.append(A, Sequence(1), [EVENT]))
            await asyncio.sleep(0)
            assert await store.read_all(BEGINNING, 100) == list(recorded)
            assert not waiting.done()
        await waiting
        await store.close()


async def test_a_reading_that_fails_says_so(store: SqliteEventStore, connections: Connections) -> None:
    """Where the file can't give what it should, the reader gets an error, and never too little."""
    await store.read_lifecycle(A, START, 10)
    await connections.writer.execute_fetchall("DROP INDEX stored_events_lifecycle")
    with pytest.raises(StoreError, match="could not be read"):
        await store.read_lifecycle(A, START, 10)


async def test_a_log_that_failed_says_so_until_it_can_be_written_again(
    store: SqliteEventStore, connections: Connections, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its trouble is reported from the first failed append to the next that works, or until a trial shows that one would."""
    assert await store.trouble() is None
    async with read_only_file(connections, path):
        for _ in range(2):
            with pytest.raises(StoreError):
                await store.append(A, Sequence(1), [EVENT])
        assert "readonly" in str(await store.trouble())
    assert "readonly" in str(await store.trouble())
    await store.append(A, Sequence(1), [EVENT])
    assert await store.trouble() is None
    monkeypatch.setattr("opencode_ledger.actors.store.writer.QUIET", 0)
    async with locked_file(connections, path):
        with pytest.raises(StoreError):
            await store.append(A, Sequence(2), [EVENT])
        assert "locked" in str(await store.trouble())
    assert await store.trouble() is None


async def test_a_log_leaves_room_for_what_follows_it(
    store: SqliteEventStore, connections: Connections, path: Path
) -> None:
    """It stops before its disk is full, so that views and tree can follow it to its end, and says so before anybody tries."""
    async with nearly_full_disk(connections, path):
        assert "are kept for the views and the tree: make room there" in str(await store.trouble())
    await store.append(A, Sequence(1), [EVENT])
    assert await store.trouble() is None


@pytest.mark.parametrize("suffix", ["", "-wal"])
@pytest.mark.parametrize("replaced", [False, True])
async def test_a_log_that_is_gone_acknowledges_nothing(
    store: SqliteEventStore, path: Path, tmp_path: Path, suffix: str, replaced: bool
) -> None:
    """Where its file was removed or replaced under the server, that is reported before anybody asks, and nothing is recorded."""
    before, file = store.head, path.with_name(path.name + suffix)
    (kept := tmp_path / "kept").mkdir()
    file.rename(kept / file.name)
    if replaced:
        file.write_bytes((kept / file.name).read_bytes())
    assert "was removed or replaced" in str(await store.trouble())
    with pytest.raises(StoreError, match="start again"):
        await store.append(A, Sequence(1), [EVENT])
    assert store.head == before
    (kept / file.name).replace(file)
    await store.append(A, Sequence(1), [EVENT])
    assert await store.trouble() is None


# --- another program writes to the file -------------------------------------------------------------------------


async def write_past_the_lock(path: Path, *events: RecordedEvent) -> None:
    """Append past the store, as a second server would that no lock keeps off."""

    def write() -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.executemany(INSERT, events)

    await asyncio.to_thread(write)


def foreign(position: int, stream: str, sequence: int, data: bytes) -> RecordedEvent:
    """An event of somebody else's."""
    return RecordedEvent(Position(position), CodebaseId(stream), Sequence(sequence), "status", data)


async def test_a_foreign_event_in_the_same_stream_is_a_conflict(store: SqliteEventStore, path: Path) -> None:
    """A writer that another program has overtaken is refused with the true head and overwrites nothing."""
    await write_past_the_lock(path, foreign(3, A, 2, b"foreign"))
    with pytest.raises(WrongExpectedVersion) as refusal:
        await store.append(A, Sequence(1), [EVENT])
    assert (refusal.value.current, refusal.value.expected) == (2, 1)
    await store.append(A, Sequence(2), [EVENT])
    assert [event.data for event in await store.read_stream(A, START, 10)] == [b"{}", b"foreign", b"{}"]


async def test_a_foreign_event_in_another_stream_disturbs_no_append(store: SqliteEventStore, path: Path) -> None:
    """Other streams' appends go through after it, and listeners hear of it first: the order is still one."""
    heard: list[RecordedEvent] = []
    store.on_commit(heard.extend)
    await write_past_the_lock(path, foreign(3, "cb_x", 1, b"1"), foreign(4, "cb_x", 2, b"2"))
    (recorded,) = await store.append(A, Sequence(1), [EVENT])
    assert recorded.position == 5
    assert [(event.position, event.stream) for event in heard] == [(3, "cb_x"), (4, "cb_x"), (5, A)]
    assert await store.read_all(Position(2), 10) == heard
