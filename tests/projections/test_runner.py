"""The runner: views that follow the log, mend themselves, and never let anybody wait for ever."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from structlog.typing import EventDict
from tests.projections.histories import STREAMS, History, register, report, trigger, workday

from opencode_ledger.actors.clock import SystemClock
from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.projections import recent_commits, runner
from opencode_ledger.projections.batch import Batch
from opencode_ledger.projections.catch_up import AT_ONCE
from opencode_ledger.projections.database import Database
from opencode_ledger.projections.fold import Fold
from opencode_ledger.projections.runner import Projections, ViewsBehind

A, B, _C = STREAMS


class JumpingClock(SystemClock):
    """A clock whose sleeps are over at once, but for a turn of the loop."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Fault:
    """Makes every writing of the views fail while `broken`."""

    def __init__(self) -> None:
        self.broken = False
        self.failures = 0

    def __call__(self, _point: str) -> None:
        if self.broken:
            self.failures += 1
            raise sqlite3.OperationalError("disk I/O error")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


def connections() -> int:
    """How many connections to SQLite are open; each has a thread of its own."""
    return sum("_connection_worker" in thread.name for thread in threading.enumerate())


async def append(store: MemoryEventStore, history: History, since: int = 0) -> Position:
    """Append a history's commits from the given one on; answers the position of the last event."""
    for stream, events in history.commits[since:]:
        await store.append(stream, await store.stream_head(stream), events)
    return store.head


async def names_after_reopening(path: Path, store: MemoryEventStore) -> list[str]:
    projections = await Projections.open(path, store)
    names = [codebase.name for codebase in await projections.views.codebases.all()]
    assert projections.applied == store.head
    await projections.close()
    return names


async def test_ready_means_caught_up(tmp_path: Path) -> None:
    """Views are up to date with the log by the time they are open, also when they were closed for a while."""
    history = workday()
    store = await history.store()
    assert await names_after_reopening(tmp_path / "views.db", store) == [A, B]
    register(history, CodebaseId("cb_late"))
    await append(store, history, len(history.commits) - 1)
    assert await names_after_reopening(tmp_path / "views.db", store) == [A, B, "cb_late"]


async def test_reads_show_own_writes_under_load(tmp_path: Path) -> None:
    """A caller that waits for its own event's position sees what that event did, however many write at once."""
    store = MemoryEventStore()
    projections = await Projections.open(tmp_path / "views.db", store)

    async def user(number: int) -> None:
        history, stream = History(), CodebaseId(f"cb_{number}")
        register(history, stream)
        for _ in range(5):
            session = trigger(history, stream)
            await projections.caught_up(await append_as_user(history))
            current = await projections.views.sessions.current(stream)
            assert current is not None
            assert current.session_id == session
            history.command(stream, c.Stop())
            report(history, stream, f.AgentStopped())

    async def append_as_user(history: History) -> Position:
        commits, history.commits = history.commits, []
        last = Position(0)
        for stream, events in commits:
            last = (await store.append(stream, await store.stream_head(stream), events))[-1].position
        return last

    async with asyncio.timeout(30):
        await asyncio.gather(*(user(number) for number in range(50)))
    assert projections.applied <= store.head
    await projections.close()


async def test_flood_is_read_from_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More commits than are held in memory are read from the log when their turn comes; none is missed."""
    monkeypatch.setattr(recent_commits, "QUEUE", 3)
    store = MemoryEventStore()
    projections = await Projections.open(tmp_path / "views.db", store)
    await projections.caught_up(await append(store, workday()))
    assert (await projections.views.tasks.page()).total == 3
    await projections.close()


async def test_failed_batch_is_tried_again(tmp_path: Path, logs: list[EventDict]) -> None:
    """Views that can't be written are logged and tried again, ever more slowly, and then show everything."""
    store, fault, clock = MemoryEventStore(), Fault(), JumpingClock()
    projections = await Projections.open(tmp_path / "views.db", store, clock=clock, reach=fault)
    fault.broken = True
    head = await append(store, workday())
    await until(lambda: fault.failures >= 10)
    assert projections.applied == 0
    assert clock.slept[:3] == [0.05, 0.1, 0.2]
    assert max(clock.slept) == 5.0
    with pytest.raises(ViewsBehind, match="in time: "):
        await projections.caught_up(head)
    assert clock.slept.count(runner.HELD_UP_PATIENCE) == 1, "nobody waits long for what is known to be held up"
    fault.broken = False
    await until(lambda: projections.applied == head)
    assert (await projections.views.tasks.page()).total == 3
    assert "can't follow the log" in str(logs)
    await projections.close()


async def test_waiting_ends_with_an_error(tmp_path: Path) -> None:
    """A caller that waits for views that don't advance gets an error after a limit."""
    store = MemoryEventStore()
    projections = await Projections.open(tmp_path / "views.db", store, clock=JumpingClock())
    with pytest.raises(ViewsBehind, match="are at 0 and did not reach 7"):
        await projections.caught_up(Position(7))
    await projections.close()


async def test_closing_lets_waiters_go(tmp_path: Path) -> None:
    """A caller that waits when the views are closed, or asks later, gets an error at once."""
    projections = await Projections.open(tmp_path / "views.db", MemoryEventStore())
    waiter = asyncio.create_task(projections.caught_up(Position(7)))
    await asyncio.sleep(0)
    await projections.close()
    with pytest.raises(ViewsBehind, match="closed"):
        await waiter
    with pytest.raises(ViewsBehind, match="closed"):
        await projections.caught_up(Position(7))
    with pytest.raises(StoreError, match="can't be read"):
        await projections.views.codebases.all()


async def test_views_ahead_of_the_log(tmp_path: Path, logs: list[EventDict]) -> None:
    """When the log was restored from a backup and is behind its views, the views are rebuilt from it."""
    path = tmp_path / "views.db"
    await names_after_reopening(path, await workday().store())
    older = History()
    register(older, B)
    assert await names_after_reopening(path, await older.store()) == [B]
    assert "ahead of the log" in str(logs)


async def test_views_of_another_log(tmp_path: Path, logs: list[EventDict]) -> None:
    """When the log is another one of the same length, the views are rebuilt."""
    path = tmp_path / "views.db"
    for stream in (A, B):
        history = History()
        register(history, stream)
        assert await names_after_reopening(path, await history.store()) == [stream]
    assert "another log" in str(logs)


@pytest.mark.parametrize(
    "content", [b"this is no database, whatever its name may say. " * 99, b"", b"SQLite format 3\0"]
)
async def test_foreign_file(tmp_path: Path, content: bytes) -> None:
    """A file that is no file of views is replaced by one."""
    path = tmp_path / "views.db"
    path.write_bytes(content)
    assert await names_after_reopening(path, await workday().store()) == [A, B]


async def test_damaged_file(tmp_path: Path, logs: list[EventDict]) -> None:
    """A file with a damaged page is detected at the start and rebuilt."""
    path = tmp_path / "views.db"
    store = await workday().store()
    await names_after_reopening(path, store)
    page = 4096
    content = bytearray(path.read_bytes())
    for start in range(2 * page, len(content), page):
        content[start : start + 64] = b"\xa5" * 64
    path.write_bytes(content)
    assert await names_after_reopening(path, store) == [A, B]
    assert "the views are rebuilt" in str(logs)


async def test_other_version(tmp_path: Path, logs: list[EventDict]) -> None:
    """Views from another version of the program are rebuilt."""
    path = tmp_path / "views.db"
    store = await workday().store()
    await names_after_reopening(path, store)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE tracking SET version = 'older'")
        db.execute("UPDATE codebases SET name = 'stale'")
    db.close()
    assert await names_after_reopening(path, store) == [A, B]
    assert "another version" in str(logs)


async def test_impossible_place(tmp_path: Path) -> None:
    """Where no file can be made, opening says so as an error of the store."""
    with pytest.raises(StoreError, match="can't be opened"):
        await Projections.open(tmp_path / "missing" / "views.db", MemoryEventStore())


async def test_opening_fails_clearly(tmp_path: Path) -> None:
    """Where the views can't be written at the start, opening says so and leaves nothing running."""
    fault = Fault()
    fault.broken = True
    with pytest.raises(StoreError, match="can't be brought up to date"):
        await Projections.open(tmp_path / "views.db", await workday().store(), reach=fault)


async def test_closed_log(tmp_path: Path) -> None:
    """Where the log can't be read at the start, opening says so and leaves nothing running."""
    store = await workday().store()
    await names_after_reopening(tmp_path / "views.db", store)
    await store.close()
    with pytest.raises(StoreError, match="The log is closed"):
        await Projections.open(tmp_path / "views.db", store)


async def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no tables can be made, opening says so and leaves nothing running."""

    async def create(_self: Database, _schema: str, _version: str) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Database, "create", create)
    with pytest.raises(StoreError, match="disk is full"):
        await Projections.open(tmp_path / "views.db", MemoryEventStore())


async def test_start_that_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that is given up while the views are being made leaves nothing running."""
    reading = asyncio.Event()

    async def read_all(_self: MemoryEventStore, _after: Position, _limit: int) -> list[RecordedEvent]:
        reading.set()
        return await asyncio.Future()

    store = await workday().store()
    monkeypatch.setattr(MemoryEventStore, "read_all", read_all)
    before = connections()
    opening = asyncio.create_task(Projections.open(tmp_path / "views.db", store))
    await reading.wait()
    assert connections() > before
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await until(lambda: connections() == before)


async def test_unreadable_event_stops_nothing(tmp_path: Path, logs: list[EventDict]) -> None:
    """An event that can't be read is logged and passed over, and the events after it are shown."""
    history = History()
    history.raw(A, NewEvent("codebase", b"\x00"), NewEvent("codebase", b'{"action":"registered","timestamp":1}'))
    register(history, B)
    assert await names_after_reopening(tmp_path / "views.db", await history.store()) == [B]
    assert "the views skip an event" in str(logs)


@pytest.mark.parametrize("value", ["{}", "[1]", str(2**63)])
async def test_value_that_no_column_holds(tmp_path: Path, value: str) -> None:
    """An event with a value that can't be stored is passed over whole, and the events after it are shown."""
    history = workday()
    stream, (registered,) = history.commits[0]
    foreign = registered.data.replace(b'"The app"', value.encode())
    history.commits[0] = (stream, (NewEvent(registered.topic, foreign),))
    assert await names_after_reopening(tmp_path / "views.db", await history.store()) == [B]


async def test_commit_whose_answer_was_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a batch was written but its answer lost, the batch is not written again, and nobody waits for it."""
    store, clock = MemoryEventStore(), JumpingClock()
    projections = await Projections.open(tmp_path / "views.db", store, clock=clock)
    apply = Database.apply

    async def forgetful(self: Database, batch: Batch, after: Position, upto: Position, fingerprint: str) -> None:
        await apply(self, batch, after, upto, fingerprint)
        monkeypatch.undo()
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Database, "apply", forgetful)
    history = workday()
    head = await append(store, history)
    await until(lambda: projections.applied == head)
    await projections.caught_up(head)
    assert (await projections.views.sessions.page(A)).rows[1].cost == 0.75
    await projections.close()


async def test_two_runners_on_one_file(tmp_path: Path) -> None:
    """Even two runners on one file apply each event once."""
    store = MemoryEventStore()
    one, other = [await Projections.open(tmp_path / "views.db", store) for _ in range(2)]
    head = await append(store, workday())
    await asyncio.gather(one.caught_up(head), other.caught_up(head))
    session = (await other.views.sessions.page(A)).rows[1]
    assert session.cost == 0.75
    await one.close()
    await other.close()


async def test_stream_numbers(tmp_path: Path) -> None:
    """A codebase's last activity moves with every event, and its session's end with the session's."""
    store = MemoryEventStore()
    projections = await Projections.open(tmp_path / "views.db", store)
    history = workday()
    await append(store, history)
    output = NewEvent("output", b'{"session_id":"%b","timestamp":"2027-01-01T00:00:00.000Z"}' % b"sess_none")
    for _ in range(3):
        await store.append(B, await store.stream_head(B), [output])
    await projections.caught_up(store.head)
    codebase = await projections.views.codebases.get(B)
    assert codebase is not None
    assert codebase.last_activity == "2027-01-01T00:00:00.000Z"
    assert await store.stream_head(B) > Sequence(3)
    await projections.close()


async def test_long_events_are_read_beside_the_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that are long together are read for the views in another thread; a few short ones where they stand."""
    threads: list[tuple[int, bool]] = []
    honest = Fold.__call__

    def watched(fold: Fold, events: Iterable[RecordedEvent]) -> Batch:
        events = list(events)
        beside = threading.current_thread() is not threading.main_thread()
        threads.append((sum(len(event.data) for event in events), beside))
        return honest(fold, events)

    monkeypatch.setattr(Fold, "__call__", watched)
    store = MemoryEventStore()
    projections = await Projections.open(tmp_path / "views.db", store)
    for number, size in enumerate((10, AT_ONCE + 1, 20, 8 * AT_ONCE)):
        data = b'{"type":"text","content":"%b"}' % (b"x" * size)
        await store.append(A, Sequence(number), [NewEvent("output", data)])
        await projections.caught_up(store.head)
    assert [size > AT_ONCE for size, _ in threads] == [beside for _, beside in threads] == [False, True, False, True]
