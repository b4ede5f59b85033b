"""What every `EventStore` promises: run on the one on disk and on its twin in memory."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.errors import StoreError, WrongExpectedVersion
from opencode_ledger.domain.events.recorded import PAGE_BYTES, NewEvent, RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.ports import EventStore

A, B = CodebaseId("cb_a"), CodebaseId("cb_b")
START = Sequence(0)
ORIGIN = Position(0)
MANY = 1000


@pytest.fixture(params=["sqlite", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventStore]:
    """An empty log of each kind."""
    opened: EventStore = (
        await SqliteEventStore.open(tmp_path / "ledger.db") if request.param == "sqlite" else MemoryEventStore()
    )
    yield opened
    await opened.close()


def outputs(count: int, topic: str = "output") -> list[NewEvent]:
    """Events that differ."""
    return [NewEvent(topic, b'{"n": %d}' % n) for n in range(count)]


def as_given(events: list[NewEvent], stream: CodebaseId, position: int, sequence: int) -> list[RecordedEvent]:
    """What those events are once recorded after this position and sequence."""
    return [
        RecordedEvent(Position(position + n), stream, Sequence(sequence + n), event.topic, event.data)
        for n, event in enumerate(events, 1)
    ]


# --- appending --------------------------------------------------------------------------------------------------


async def test_an_empty_log_has_nothing_in_it(store: EventStore) -> None:
    """A new log is at 0, and so is every stream."""
    assert store.head == 0
    assert await store.stream_head(A) == 0
    assert await store.read_all(ORIGIN, MANY) == []
    assert await store.read_stream(A, START, MANY) == []
    assert await store.read_lifecycle(A, START, MANY) == []


async def test_an_append_is_answered_with_its_events_as_recorded(store: EventStore) -> None:
    """The answer numbers the events from 1 in the log and in the stream, and is what a reader then finds."""
    events = outputs(3)
    recorded = await store.append(A, START, events)
    assert list(recorded) == as_given(events, A, 0, 0)
    assert await store.read_all(ORIGIN, MANY) == list(recorded)
    assert (store.head, await store.stream_head(A)) == (3, 3)


async def test_each_stream_has_its_own_numbers_and_the_log_counts_them_all(store: EventStore) -> None:
    """Two codebases' sequences are both 1, 2, …, while positions run on over both."""
    await store.append(A, START, outputs(2))
    await store.append(B, START, outputs(1))
    await store.append(A, Sequence(2), outputs(1))
    assert [(e.position, e.stream, e.sequence) for e in await store.read_all(ORIGIN, MANY)] == [
        (1, A, 1),
        (2, A, 2),
        (3, B, 1),
        (4, A, 3),
    ]


async def test_the_bytes_come_back_as_they_were(store: EventStore) -> None:
    """What is read is byte for byte what was appended, whatever the bytes are."""
    data = bytes(range(256)) * 40 + "ⅷ \N{SNOWMAN}".encode()
    await store.append(A, START, [NewEvent("output", data), NewEvent("status", b"")])
    assert [event.data for event in await store.read_stream(A, START, MANY)] == [data, b""]


async def test_a_stream_may_be_named_with_any_characters(store: EventStore) -> None:
    """Names with quotes, blanks and other scripts are names like any other."""
    stream = CodebaseId("cb_'; DROP TABLE stored_events; -- ü")
    await store.append(stream, START, outputs(1))
    assert await store.stream_head(stream) == 1


async def test_an_append_without_events_is_a_mistake(store: EventStore) -> None:
    """An append of nothing is refused, because nothing would show whether it happened."""
    with pytest.raises(ValueError, match="at least one"):
        await store.append(A, START, [])


@pytest.mark.parametrize("expected", [0, 1, 3, 99])
async def test_an_append_elsewhere_than_at_the_head_is_refused(store: EventStore, expected: int) -> None:
    """A writer that knows too little or too much of the stream learns where it is, and nothing is written."""
    await store.append(A, START, outputs(2))
    with pytest.raises(WrongExpectedVersion) as refusal:
        await store.append(A, Sequence(expected), outputs(1))
    assert (refusal.value.current, refusal.value.expected) == (2, expected)
    assert store.head == 2
    await store.append(A, Sequence(2), outputs(1))


async def test_of_two_writers_at_one_head_one_is_refused(store: EventStore) -> None:
    """When two appends at the same head come together the first is taken and the second refused."""
    first, second = await asyncio.gather(
        store.append(A, START, outputs(1)), store.append(A, START, outputs(2)), return_exceptions=True
    )
    assert not isinstance(first, BaseException)
    assert isinstance(second, WrongExpectedVersion)
    assert (second.current, second.expected) == (1, 0)
    assert await store.read_all(ORIGIN, MANY) == list(first)


async def test_a_refused_append_fails_alone(store: EventStore) -> None:
    """One stale append among many that come together leaves no hole, and the others go through."""
    await store.append(A, START, outputs(1))
    appends = [store.append(CodebaseId(f"cb_{n}"), START, outputs(2)) for n in range(10)]
    answers = await asyncio.gather(
        *appends[:5], store.append(A, START, outputs(3)), *appends[5:], return_exceptions=True
    )
    assert [n for n, answer in enumerate(answers) if isinstance(answer, WrongExpectedVersion)] == [5]
    assert [event.position for event in await store.read_all(ORIGIN, MANY)] == list(range(1, 22))


async def test_appends_to_one_stream_may_follow_each_other_without_waiting(store: EventStore) -> None:
    """A writer that knows what it has under way may append on top of it."""
    await asyncio.gather(*(store.append(A, Sequence(n), outputs(1)) for n in range(20)))
    assert [event.sequence for event in await store.read_stream(A, START, MANY)] == list(range(1, 21))


async def test_an_append_larger_than_any_bound_goes_through(store: EventStore) -> None:
    """An append is never split or refused for its size."""
    await asyncio.gather(
        store.append(A, START, outputs(2500)),
        store.append(B, START, [NewEvent("output", bytes(5 * 1024 * 1024))]),
        store.append(CodebaseId("cb_c"), START, outputs(2500)),
    )
    assert store.head == 5001


async def test_an_append_that_was_cancelled_stands_in_nobodys_way(store: EventStore) -> None:
    """When a caller goes away its append may or may not happen; those beside and after it do."""
    tasks = [asyncio.create_task(store.append(CodebaseId(f"cb_{n}"), START, outputs(1))) for n in range(10)]
    tasks[3].cancel()
    await asyncio.sleep(0)
    tasks[6].cancel()
    await asyncio.sleep(0)
    tasks[8].cancel()
    answers = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), timeout=30)
    assert all(isinstance(answers[n], tuple) for n in range(10) if n not in (3, 6, 8))
    await store.append(A, START, outputs(1))
    positions = [event.position for event in await store.read_all(ORIGIN, MANY)]
    assert positions == list(range(1, len(positions) + 1))
    assert 8 <= len(positions) <= 11


# --- reading ----------------------------------------------------------------------------------------------------


async def test_a_page_begins_after_its_cursor_and_ends_at_its_limit(store: EventStore) -> None:
    """Pages put end to end are the stream; `upto` ends it earlier."""
    await store.append(B, START, outputs(3))
    await store.append(A, START, outputs(10))

    def numbers(events: list[RecordedEvent]) -> list[int]:
        return [event.sequence for event in events]

    assert numbers(await store.read_stream(A, START, 4)) == [1, 2, 3, 4]
    assert numbers(await store.read_stream(A, Sequence(8), 4)) == [9, 10]
    assert numbers(await store.read_stream(A, Sequence(2), 4, upto=Sequence(4))) == [3, 4]
    assert numbers(await store.read_stream(A, Sequence(4), 4, upto=Sequence(4))) == []
    assert [event.position for event in await store.read_all(Position(2), 3)] == [3, 4, 5]


async def test_a_page_ends_by_its_bytes_too(store: EventStore) -> None:
    """Where events are large a page has fewer than asked for, but one at least; put end to end they are all there."""
    half = NewEvent("status", bytes(PAGE_BYTES // 2))
    large = NewEvent("status", bytes(2 * PAGE_BYTES))
    recorded = [*await store.append(A, START, [half] * 5), *await store.append(A, Sequence(5), [large, large])]
    sizes = [2, 2, 2, 1]
    for read in (store.read_stream, store.read_lifecycle):
        pages: list[list[RecordedEvent]] = []
        while page := await read(A, pages[-1][-1].sequence if pages else START, MANY):
            pages.append(page)
        assert [len(page) for page in pages] == sizes
        assert [event for page in pages for event in page] == recorded
    assert await store.read_all(Position(2), MANY) == recorded[2:4]


@pytest.mark.parametrize("after", [3, 4, 2**63 - 1])
async def test_there_is_nothing_after_the_head(store: EventStore, after: int) -> None:
    """A cursor at or beyond the head reads nothing, at once."""
    await store.append(A, START, outputs(3))
    assert await store.read_stream(A, Sequence(after), MANY) == []
    assert await store.read_lifecycle(A, Sequence(after), MANY) == []
    assert await store.read_all(Position(after), MANY) == []


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_limit_below_one_reads_nothing(store: EventStore, limit: int) -> None:
    """No limit ever means everything."""
    await store.append(A, START, outputs(3, "status"))
    assert await store.read_stream(A, START, limit) == []
    assert await store.read_lifecycle(A, START, limit) == []
    assert await store.read_all(ORIGIN, limit) == []


async def test_the_life_of_a_stream_is_read_without_its_output(store: EventStore) -> None:
    """What an actor is rebuilt from leaves the output out, in order, in pages, and only of its own stream."""
    await store.append(B, START, outputs(2, "status"))
    for n in range(0, 30, 3):
        await store.append(A, Sequence(n), [*outputs(1), *outputs(1, "status"), *outputs(1, "idle")])
    page = await store.read_lifecycle(A, Sequence(2), 5)
    assert [(event.sequence, event.topic) for event in page] == [
        (3, "idle"),
        (5, "status"),
        (6, "idle"),
        (8, "status"),
        (9, "idle"),
    ]
    assert len(await store.read_lifecycle(A, START, MANY)) == 20


async def test_a_reader_sees_all_that_was_committed_before_it_asked(store: EventStore) -> None:
    """Once an append is answered every reading has its events."""
    for n in range(30):
        recorded = await store.append(A, Sequence(n), outputs(1))
        assert await store.read_stream(A, Sequence(n), MANY) == list(recorded)
        assert await store.read_all(Position(n), MANY) == list(recorded)


async def test_nothing_ever_appears_behind_a_reader(store: EventStore) -> None:
    """While many write, a reader that follows the head gets every position once, in order, and none is missing."""
    total = 400
    seen: list[int] = []

    async def write(stream: CodebaseId) -> None:
        for n in range(total // 8):
            await store.append(stream, Sequence(n), outputs(1))

    async def follow() -> None:
        while len(seen) < total:
            events = await store.read_all(Position(len(seen)), 7)
            assert all(event.position <= store.head for event in events)
            seen.extend(event.position for event in events)
            await asyncio.sleep(0)

    writers = (write(CodebaseId(f"cb_{n}")) for n in range(8))
    await asyncio.wait_for(asyncio.gather(follow(), *writers), timeout=30)
    assert seen == list(range(1, total + 1))


# --- listening --------------------------------------------------------------------------------------------------


async def test_a_listener_hears_every_event_once_and_in_order(store: EventStore) -> None:
    """All commits put end to end are the log."""
    heard: list[RecordedEvent] = []
    store.on_commit(heard.extend)
    await asyncio.gather(*(store.append(CodebaseId(f"cb_{n}"), START, outputs(3)) for n in range(20)))
    assert heard == await store.read_all(ORIGIN, MANY)
    assert len(heard) == 60


async def test_a_listener_hears_before_the_writer_is_answered(store: EventStore) -> None:
    """When an append is answered, everyone who listens has heard of it, and the head has moved before that."""
    heard: list[tuple[int, int]] = []
    store.on_commit(lambda events: heard.append((events[-1].position, store.head)))
    for n in range(5):
        await store.append(A, Sequence(n), outputs(1))
        assert heard[-1] == (n + 1, n + 1)


async def test_a_listener_never_hears_of_a_refused_append(store: EventStore) -> None:
    """An append that was refused is announced to nobody."""
    heard: list[tuple[RecordedEvent, ...]] = []
    store.on_commit(heard.append)
    with pytest.raises(WrongExpectedVersion):
        await store.append(A, Sequence(1), outputs(1))
    assert heard == []


async def test_a_listener_that_fails_harms_nobody(store: EventStore) -> None:
    """A failing listener is logged; the other listeners hear, and the append is answered."""

    def fail(_: tuple[RecordedEvent, ...]) -> None:
        raise RuntimeError("no ears")

    heard: list[RecordedEvent] = []
    store.on_commit(fail)
    store.on_commit(heard.extend)
    with capture_logs() as logged:
        recorded = await store.append(A, START, outputs(2))
    assert heard == list(recorded)
    assert [(line["event"], line["first"], line["last"]) for line in logged] == [("a commit listener failed", 1, 2)]


async def test_who_stops_listening_hears_no_more(store: EventStore) -> None:
    """Ending a registration ends that one alone, also from within the call, and twice is harmless."""
    heard: list[str] = []
    end_first = store.on_commit(lambda _: heard.append("first"))
    store.on_commit(lambda _: heard.append("second"))

    def once(_: tuple[RecordedEvent, ...]) -> None:
        heard.append("once")
        end_once()

    end_once = store.on_commit(once)
    await store.append(A, START, outputs(1))
    end_first()
    end_first()
    await store.append(A, Sequence(1), outputs(1))
    assert heard == ["first", "second", "once", "second"]


# --- closing ----------------------------------------------------------------------------------------------------


async def test_closing_lets_appends_under_way_finish(store: EventStore) -> None:
    """Appends that came before the close happen, however many commits they need, before the close returns."""
    heard: list[RecordedEvent] = []
    store.on_commit(heard.extend)
    tasks = [asyncio.create_task(store.append(CodebaseId(f"cb_{n}"), START, outputs(1))) for n in range(2500)]
    await asyncio.sleep(0)
    await store.close()
    assert len(heard) == 2500
    answers = await asyncio.wait_for(asyncio.gather(*tasks), timeout=30)
    assert [answer[0] for answer in answers] == heard


async def test_a_closed_log_refuses_everything(store: EventStore) -> None:
    """After the close every call says that the log is closed; closing again is harmless."""
    await store.append(A, START, outputs(1))
    await asyncio.gather(store.close(), store.close())
    await store.close()
    for call in (
        store.append(A, Sequence(1), outputs(1)),
        store.stream_head(A),
        store.read_stream(A, START, MANY),
        store.read_lifecycle(A, START, MANY),
        store.read_all(ORIGIN, MANY),
    ):
        with pytest.raises(StoreError, match="closed"):
            await call
