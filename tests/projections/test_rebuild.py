"""The views are a function of the log: whatever was cut, crashed, repeated or thrown away."""

import asyncio
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.projections.histories import STREAMS, History, histories, littered_histories, register, workday

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain import events as e
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.wire import encode
from opencode_ledger.domain.fault_points import FAULT_POINTS, FaultPoint, Reach, pass_by
from opencode_ledger.domain.ids import MessageId, Position, SessionId, Timestamp
from opencode_ledger.projections import catch_up, recent_commits
from opencode_ledger.projections.batch import Batch
from opencode_ledger.projections.catch_up import INDEXED_AT_ONCE, Applier, open_database
from opencode_ledger.projections.database import Database, OutOfStep
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.search.texts import INDEX

POINTS = tuple(point for point in FAULT_POINTS if point.startswith("projection."))

Tables = dict[str, list[tuple[Any, ...]]]


class Crash(Exception):
    """The process ended here."""


def tables(path: Path) -> Tables:
    """Everything that a file of views holds."""
    with sqlite3.connect(path) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        # How SQLite keeps the index of texts depends on when it was written; its words don't.
        db.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, search, instance)")
        names = [name for name in names if not name.startswith("search_")] + ["temp.words"]
        content = {name: sorted(db.execute(f"SELECT * FROM {name}"), key=repr) for name in names}
    db.close()
    return content


def crash_at(point: FaultPoint, passes: int, files: Path, into: Path) -> Reach:
    """End the process when `point` was passed so often, leaving `into` as a kill -9 would leave the disk."""
    left = [passes]

    def reach(name: FaultPoint) -> None:
        if name != point:
            return
        left[0] -= 1
        if left[0] < 0:
            into.mkdir(exist_ok=True)
            for file in files.iterdir():
                if not file.name.endswith("-shm"):
                    shutil.copy(file, into)
            raise Crash

    return reach


async def apply_in_pieces(path: Path, store: MemoryEventStore, cuts: list[int], reach: Reach = pass_by) -> None:
    """Apply the log from where the views are, in pieces of these sizes, then the rest at once.

    After pieces of an odd size the index is put off.
    """
    database = await open_database(path, store, reach)
    applier = Applier(database, (await database.tracked())[1])
    try:
        for size in (*cuts, 10_000):
            if events := await store.read_all(applier.applied, size):
                await applier.apply(events, more=bool(size % 2))
        await applier.finish()
    finally:
        await database.close()


async def rebuilt(path: Path, store: MemoryEventStore) -> Tables:
    """The tables as a rebuild from nothing makes them."""
    projections = await Projections.open(path, store)
    await projections.close()
    return tables(path)


cuts = st.lists(st.integers(1, 20), max_size=20)


@settings(max_examples=25, deadline=None)
@given(littered_histories(), cuts, cuts, st.sampled_from(POINTS), st.integers(0, 60))
def test_crash_anywhere(history: History, before: list[int], after: list[int], point: FaultPoint, passes: int) -> None:
    """However the log is cut into batches, and wherever the server dies, the views end as a rebuild makes them."""

    async def scenario(root: Path) -> None:
        store = await history.store()
        expected = await rebuilt(root / "rebuilt.db", store)
        alive, left = root / "alive", root / "left"
        alive.mkdir()
        try:
            await apply_in_pieces(alive / "views.db", store, before, crash_at(point, passes, alive, left))
            left = alive
        except Crash:
            await apply_in_pieces(left / "views.db", store, after)
        assert tables(left / "views.db") == expected

    with tempfile.TemporaryDirectory() as root:
        asyncio.run(scenario(Path(root)))


async def test_the_index_is_written_for_many_batches_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that nobody can search yet are indexed together, and all of them, also if the process ended in between."""
    store, path, indexed = MemoryEventStore(), tmp_path / "views.db", list[int]()
    count, apply, finish = 3 * INDEXED_AT_ONCE, Database.apply, Database.execute

    async def counted(self: Database, batch: Batch, *rest: Any) -> None:
        indexed.append(sum(sql == INDEX[0] for sql, _ in batch.statements()))
        await apply(self, batch, *rest)

    async def failing(_self: Database, _statements: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    history = History()
    register(history, STREAMS[0])
    for number in range(count):
        history.record(STREAMS[0], sent(f"sess_{number}", f"word{number} everywhere", history.at()))
    store = await history.store()
    monkeypatch.setattr(catch_up, "BATCH", 1)
    monkeypatch.setattr(recent_commits, "BATCH", 1)
    monkeypatch.setattr(Database, "apply", counted)
    monkeypatch.setattr(Database, "execute", failing)
    with pytest.raises(StoreError):
        await Projections.open(path, store)
    assert sum(indexed) == len(indexed) // INDEXED_AT_ONCE
    monkeypatch.setattr(Database, "execute", finish)
    projections = await Projections.open(path, store)
    assert [
        (await projections.views.search.find(word)).total for word in ("everywhere", "word0 ", f"word{count - 1}")
    ] == [
        *(count, 1, 1),
    ]
    indexed.clear()
    await store.append(STREAMS[0], await store.stream_head(STREAMS[0]), [encode(sent("sess_x", "live", history.at()))])
    await projections.caught_up(store.head)
    assert (await projections.views.search.find("live")).total == 1
    assert indexed == [1]
    await projections.close()


def sent(session: str, text: str, at: Timestamp) -> e.MessageSent:
    """A prompt."""
    return e.MessageSent(
        message_id=MessageId("m"), content=text, agent="build", session_id=SessionId(session), timestamp=at
    )


@settings(max_examples=20, deadline=None)
@given(histories(), st.integers(1, 30))
def test_replay_changes_nothing(history: History, size: int) -> None:
    """Events that the views already show are refused as a whole when they come again."""

    async def scenario(root: Path) -> None:
        store = await history.store()
        path = root / "views.db"
        before = await rebuilt(path, store)
        database = await open_database(path, store, pass_by)
        again = Applier(database, Position(0))
        with pytest.raises(OutOfStep):
            await again.apply(await store.read_all(Position(0), size))
        await again.recall(store.head)
        await database.close()
        assert again.applied == store.head
        assert tables(path) == before

    with tempfile.TemporaryDirectory() as root:
        asyncio.run(scenario(Path(root)))


@settings(max_examples=40, deadline=None)
@given(histories())
def test_agents_agree_with_the_actors(history: History) -> None:
    """A codebase's agent is shown in the very phase and session that its own actor is in."""

    async def scenario(root: Path) -> None:
        projections = await Projections.open(root / "views.db", await history.store())
        views = projections.views
        for stream in STREAMS:
            state, agent = history.state(stream), await views.agents.get(stream)
            span = await views.sessions.current(stream)
            if agent is None:
                assert state.phase.value in ("void", "deleted")
                assert span is None
                continue
            session = state.session
            assert agent.phase is state.phase
            assert agent.session_id == (session.id if session else None)
            assert agent.task_id == (session.task_id if session else None)
            assert agent.current_task == (session.title if session else None)
            assert agent.model == (session.model if session else None)
            assert (span.session_id if span else None) == agent.session_id
            assert span is None or not span.ended
        await projections.close()

    with tempfile.TemporaryDirectory() as root:
        asyncio.run(scenario(Path(root)))


async def test_deleted_file_gives_the_same_answers(tmp_path: Path) -> None:
    """Deleting the file of views loses nothing: the next start answers as before."""
    path = tmp_path / "views.db"
    store = await workday().store()
    before = await rebuilt(path, store)
    path.unlink()
    assert await rebuilt(path, store) == before


def test_empty_batch_has_no_statements() -> None:
    """A batch without events asks for nothing to be written."""
    assert list(Batch().statements()) == []
