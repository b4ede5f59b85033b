"""Moments: what the views show of the past is what they showed then."""

import asyncio
import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.projections.histories import STREAMS, History, littered_histories, workday

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import CodebaseId, Sequence
from opencode_ledger.projections.as_of import snapshots as snapshots_module
from opencode_ledger.projections.as_of import views_at as moments_module
from opencode_ledger.projections.as_of.views_at import Moments
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.views.views import Views

A = STREAMS[0]


async def shown(views: Views, stream: CodebaseId) -> tuple[object, ...]:
    """Everything that the views of one codebase answer."""
    return (
        await views.codebases.get(stream),
        await views.agents.get(stream),
        await views.sessions.page(stream, 500),
        await views.tasks.page(codebase=stream, limit=500),
        await views.counts(),
    )


async def then(store: MemoryEventStore, stream: CodebaseId, upto: int, root: Path) -> tuple[object, ...]:
    """What the views show of a log that ended there."""
    prefix = MemoryEventStore()
    events = await store.read_stream(stream, Sequence(0), upto)
    if events:
        await prefix.append(stream, Sequence(0), [NewEvent(event.topic, event.data) for event in events])
    projections = await Projections.open(root / f"{stream}-{upto}.db", prefix)
    try:
        return await shown(projections.views, stream)
    finally:
        await projections.close()


@settings(max_examples=20, deadline=None)
@given(littered_histories(), st.data())
def test_a_moment_is_the_fold_of_its_prefix(history: History, data: st.DataObject) -> None:
    """At any event of any history the views are those of a log that ended there, whatever was asked before."""

    async def scenario(root: Path) -> None:
        store = await history.store()
        moments = await Moments.open(root / "moments.db", store)
        for stream in STREAMS:
            head = await store.stream_head(stream)
            for upto in data.draw(st.lists(st.integers(0, head), max_size=4)):
                views = await moments.views(stream, Sequence(upto))
                assert await shown(views, stream) == await then(store, stream, upto, root)
        await moments.close()

    with tempfile.TemporaryDirectory() as root:
        asyncio.run(scenario(Path(root)))


async def long_store(count: int) -> MemoryEventStore:
    """A log in which much was said."""
    store = await workday().store()
    head = await store.stream_head(A)
    said = [NewEvent("status", b'{"message":"%d","timestamp":"2026-01-02T00:00:00Z"}' % n) for n in range(count)]
    await store.append(A, head, said)
    return store


async def test_snapshots_shorten_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later question folds only what came after a snapshot, also after a restart, and shows the same."""
    monkeypatch.setattr(moments_module, "EVERY", 20)
    monkeypatch.setattr(moments_module, "PAGE", 10)
    store = await long_store(300)
    reads: list[int] = []
    read = store.read_stream

    async def counted(stream: CodebaseId, after: Sequence, limit: int, *, upto: Sequence | None = None) -> object:
        reads.append(after)
        return await read(stream, after, limit, upto=upto)

    monkeypatch.setattr(store, "read_stream", counted)
    moments = await Moments.open(tmp_path / "moments.db", store)
    first = await shown(await moments.views(A, Sequence(290)), A)
    await moments.close()
    assert len(reads) >= 29
    reads.clear()
    again = await Moments.open(tmp_path / "moments.db", store)
    assert await shown(await again.views(A, Sequence(290)), A) == first
    assert len(reads) <= 4
    reads.clear()
    assert await shown(await again.views(A, Sequence(290)), A) == first
    assert reads == []
    await again.close()


async def test_snapshots_of_another_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snapshots that were made of another log are not believed; a damaged file of them is no fault."""
    monkeypatch.setattr(moments_module, "EVERY", 20)
    monkeypatch.setattr(moments_module, "PAGE", 10)
    other, store = await long_store(300), MemoryEventStore()
    for event in await other.read_stream(A, Sequence(0), 1000):
        await store.append(A, Sequence(event.sequence - 1), [NewEvent(event.topic, event.data + b" ")])
    former = await Moments.open(tmp_path / "moments.db", other)
    await former.views(A, Sequence(290))
    await former.close()
    moments = await Moments.open(tmp_path / "moments.db", store)
    expected = await then(store, A, 290, tmp_path)
    assert await shown(await moments.views(A, Sequence(290)), A) == expected
    await moments.close()
    (tmp_path / "moments.db").write_bytes(b"rubbish" * 1000)
    moments = await Moments.open(tmp_path / "moments.db", store)
    assert await shown(await moments.views(A, Sequence(290)), A) == expected
    await moments.close()


@pytest.mark.parametrize(
    "state", ["substr(state, 1, length(state) / 2)", "'text'", "x'789c030000000001'", "zeroblob(9)"]
)
async def test_a_damaged_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """A snapshot that was damaged on the disk costs time alone."""
    monkeypatch.setattr(moments_module, "EVERY", 20)
    monkeypatch.setattr(moments_module, "PAGE", 10)
    store = await long_store(300)
    moments = await Moments.open(tmp_path / "moments.db", store)
    first = await shown(await moments.views(A, Sequence(290)), A)
    await moments.close()
    with sqlite3.connect(tmp_path / "moments.db") as file:
        file.execute(f"UPDATE snapshots SET state = {state}")
    file.close()
    again = await Moments.open(tmp_path / "moments.db", store)
    assert await shown(await again.views(A, Sequence(290)), A) == first
    await again.close()


async def test_moments_and_snapshots_have_their_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept for later queries stays within its limit of bytes, in memory and on disk."""
    monkeypatch.setattr(moments_module, "EVERY", 20)
    monkeypatch.setattr(moments_module, "PAGE", 10)
    monkeypatch.setattr(moments_module, "KEPT_BYTES", 1)
    monkeypatch.setattr(snapshots_module, "LARGEST", 20_000)
    store = await long_store(300)
    moments = await Moments.open(tmp_path / "moments.db", store)
    for upto in (290, 280, 100):
        assert await shown(await moments.views(A, Sequence(upto)), A) == await then(store, A, upto, tmp_path)
    await moments.close()
    with sqlite3.connect(tmp_path / "moments.db") as file:
        ((size, count),) = file.execute("SELECT sum(length(state)), count(*) FROM snapshots")
    file.close()
    assert size <= 20_000
    assert count


async def test_many_moments(tmp_path: Path) -> None:
    """A limited number of moments is kept in memory, and a dropped one is rebuilt."""
    store = await workday().store()
    moments = await Moments.open(tmp_path / "moments.db", store)
    held = await moments.views(A, Sequence(1))
    head = await store.stream_head(A)
    for upto in range(1, min(head, 3 * moments_module.KEPT) + 1):
        await moments.views(A, Sequence(upto))
    assert await held.codebases.get(A) is not None
    assert await shown(await moments.views(A, Sequence(1)), A) == await shown(held, A)
    await moments.close()


async def test_a_moment_by_the_clock(tmp_path: Path) -> None:
    """A time stands for the last event recorded up to it."""
    store = MemoryEventStore()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for n in range(50):
        at = (start + timedelta(seconds=n)).isoformat()
        await store.append(A, Sequence(n), [NewEvent("status", b'{"timestamp":"%b"}' % at.encode())])
    moments = await Moments.open(tmp_path / "moments.db", store)
    assert await moments.sequence_at(A, start - timedelta(seconds=1)) == 0
    assert await moments.sequence_at(A, start) == 1
    assert await moments.sequence_at(A, start + timedelta(seconds=20.5)) == 21
    assert await moments.sequence_at(A, start + timedelta(days=1)) == 50
    assert await moments.sequence_at(CodebaseId("cb_none"), start) == 0
    await moments.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=12), st.lists(st.integers(-1, 10), min_size=1, max_size=4))
def test_a_moment_by_a_clock_that_was_set_back(clock: list[int], asked: list[int]) -> None:
    """However the clock was set, a time stands for the last event of all whose time is not after it, also while more come."""
    start = datetime(2026, 1, 1, tzinfo=UTC)

    async def scenario() -> None:
        store = MemoryEventStore()
        snapshots = await asyncio.to_thread(snapshots_module.Snapshots.open, snapshots_module.IN_MEMORY)
        moments = Moments(store, snapshots)
        for half in (clock[: len(clock) // 2], clock):
            for n in range(await store.stream_head(A), len(half)):
                at = (start + timedelta(minutes=half[n])).isoformat()
                await store.append(A, Sequence(n), [NewEvent("status", b'{"timestamp":"%b"}' % at.encode())])
            for minute in asked:
                expected = max((n for n, at in enumerate(half, 1) if at <= minute), default=0)
                assert await moments.sequence_at(A, start + timedelta(minutes=minute)) == expected
        await moments.close()

    asyncio.run(scenario())
