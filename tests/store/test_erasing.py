"""Erasing from the file: the bytes are gone from the whole directory, and a kill anywhere on the way is made good."""

import asyncio
import re
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.projections.test_rebuild import Crash, crash_at, tables

from opencode_ledger.actors.store import erasing
from opencode_ledger.actors.store.erasing import finish_erasures, is_unfinished
from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.actors.store.log_file import opened
from opencode_ledger.actors.store.outputs.sqlite_store import SqliteOutputStore
from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain import events as e
from opencode_ledger.domain.erasure.tombstones import is_tombstone
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.events.wire import encode
from opencode_ledger.domain.fault_points import FAULT_POINTS, FaultPoint, Reach, pass_by
from opencode_ledger.domain.ids import (
    CodebaseId,
    MessageId,
    OutputId,
    Position,
    Sequence,
    SessionId,
    TaskId,
    Timestamp,
)
from opencode_ledger.domain.proofs.leaves import leaves_of
from opencode_ledger.domain.proofs.signed_notes import checkpoint_in
from opencode_ledger.http.derived_files import DERIVED_FROM_THE_LOG
from opencode_ledger.http.offline.erasing import Choice, choose, erase, erasures, finish
from opencode_ledger.http.offline.verify import verify_data
from opencode_ledger.projections.as_of.views_at import Moments
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.tree.log_tree import Tree
from opencode_ledger.projections.tree.signing import SigningKey

STREAM = CodebaseId("cb_1")
SECRET = "the-word-to-forget"
KEPT = "the-word-to-keep"
MARKS = re.compile(rb"<sess_[12]:[0-9]+>")
"""What only one event says."""

POINTS: list[FaultPoint] = [point for point in FAULT_POINTS if point.startswith("erasure.")]


SALT = b"a salt of each output"


def output_of(session: str) -> OutputId:
    """The name of what a tool printed in a session."""
    return OutputId(f"out_{sha256(session.encode()).hexdigest()[:32]}")


def printed(name: str, word: str) -> bytes:
    """What it printed."""
    return f"{word} <{name}:1000>\n".encode() * 9000


async def keep_outputs(data: Path) -> None:
    """The whole outputs of both sessions, and one that no event came to name."""
    store = await SqliteOutputStore.open(data / "outputs.db")
    for name, word in (("sess_1", SECRET), ("sess_2", KEPT), ("sess_lost", SECRET)):
        await store.keep(STREAM, output_of(name), SALT, iter([printed(name, word)]))
        if name == "sess_1":
            await store.settle({(STREAM, output_of(name))})
    await store.close()


def session(name: str, word: str) -> list[NewEvent]:
    """What a session records that has a word in all that it says, some of it long, so that pages overflow."""
    ids = e.Common(
        session_id=SessionId(name), task_id=TaskId(f"task_{name}"), timestamp=Timestamp("2026-01-01T00:00:00.000Z")
    )
    said = f"{word} " * 600
    return [
        encode(event)
        for event in (
            e.TaskCreated(title=word, prompt=said, agent_type="build", **ids),
            e.SessionStarted(prompt=said, agent="build", files=(word,), metadata={word: word}, **ids),
            e.MessageSent(message_id=MessageId(f"msg_{name}"), content=said, agent="build", **ids),
            *(
                e.Output(type="text", content=f"{word} <{name}:{n}>", message_id="m", part_id=f"p{name}", **ids)
                for n in range(60)
            ),
            e.ToolUse(tool="bash", args={"command": said}, call_id="c", **ids),
            e.ToolResult(
                tool="bash",
                call_id="c",
                status="completed",
                output=said * 5,
                title=word,
                whole_id=output_of(name),
                whole_bytes=len(printed(name, word)),
                whole_sha256=sha256(SALT + printed(name, word)).hexdigest(),
                **ids,
            ),
            e.FileChange(change="create", path=word, **ids),
            e.Complete(status="completed", summary=said, **ids),
            e.TaskCompleted(result=said, **ids),
            e.SessionCompleted(**ids),
        )
    ]


async def recorded(data: Path) -> str:
    """A log of two sessions, with all that is made of it; the checkpoint."""
    registered = e.CodebaseRegistered(
        codebase_id=STREAM, name="n", path="/p", timestamp=Timestamp("2026-01-01T00:00:00.000Z")
    )
    await keep_outputs(data)
    async with SqliteEventStore.open(data / "ledger.db") as store:
        head = Sequence(0)
        for events in ([encode(registered)], session("sess_1", SECRET), session("sess_2", KEPT)):
            for event in events:
                head = (await store.append(STREAM, head, [event]))[-1].sequence
        projections = await Projections.open(data / "views.db", store)
        await projections.close()
        moments = await Moments.open(data / "moments.db", store)
        await moments.views(STREAM, head)
        await moments.close()
        key = await asyncio.to_thread(SigningKey.open, data / "checkpoint.key")
        tree = await Tree.open(data / "tree.db", store, key)
        note = await tree.checkpoint()
        await tree.close()
    return note


def erase_session(data: Path, reach: Reach = pass_by) -> None:
    log = data / "ledger.db"
    with opened(log) as file:
        found = choose(file, Choice(session="sess_1"), lambda _done, _of: None)
        said = list(
            erasures(file, found, Position(file.size), why="asked for", who="ann", cause=e.Cause("erase_1", "uid:1000"))
        )
    erase(log, caches(data), said, lambda _done, _of: None, reach)


def caches(data: Path) -> list[Path]:
    return [data / name for name in DERIVED_FROM_THE_LOG]


def holding(data: Path, word: str) -> list[str]:
    """The files in whose bytes a word stands."""
    return [file.name for file in data.iterdir() if word.encode() in file.read_bytes()]


def log_of(data: Path) -> list[RecordedEvent]:
    with opened(data / "ledger.db") as log:
        return list(log.events())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data directory, and the checkpoint of its log."""
    data = tmp_path_factory.mktemp("made")
    return data, asyncio.run(recorded(data))


@pytest.fixture
def data(made: tuple[Path, str], tmp_path: Path) -> Path:
    """A copy of it."""
    copy(made[0], tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def note(made: tuple[Path, str]) -> str:
    return made[1]


def check_erased(data: Path, note: str, before: list[RecordedEvent]) -> None:
    """The word is nowhere, all else is as it was, and what was signed before still fits."""
    assert holding(data, SECRET) == []
    after = log_of(data)
    assert leaves_of(after)[: len(before)] == leaves_of(before)
    assert [event[:4] for event in after[: len(before)]] == [event[:4] for event in before]
    assert [event.topic for event in after[len(before) :]] == ["erasure"]
    for was, now in zip(before, after, strict=False):
        assert now == was or is_tombstone(now.data)
        assert KEPT.encode() not in was.data or now == was
    verdict = verify_data(data, (), None, lambda _done, _of: None)
    assert verdict.sound
    assert (verdict.result.erased, verdict.result.unfinished) == (68, 0)
    assert [each.size for each in verdict.result.checked] == [checkpoint_in(note).size]


def test_the_bytes_are_gone(data: Path, note: str) -> None:
    """After an erasure no byte of what was said is in any file of the data directory, and the proofs hold."""
    before = log_of(data)
    assert "ledger.db" in holding(data, SECRET)
    erase_session(data)
    check_erased(data, note, before)
    assert "ledger.db" in holding(data, KEPT)


@pytest.mark.parametrize("point", POINTS)
def test_killed_on_the_way(point: FaultPoint, data: Path, note: str) -> None:
    """Killed at any point, either nothing was erased, or the next start finishes what was begun; twice is as once."""
    before = log_of(data)
    for passes in (0, 5) if point == "erasure.between_tombstones" else (0,):
        left = data.with_name(f"{data.name}-{passes}")
        work = data.with_name(f"{data.name}-{passes}-work")
        copy(data, work)
        with pytest.raises(Crash):
            erase_session(work, crash_at(point, passes, work, left))
        if finish(left / "ledger.db", caches(left)):
            assert not finish(left / "ledger.db", caches(left))
        elif point == "erasure.before_commit":
            assert log_of(left) == before
            erase_session(left)
        check_erased(left, note, before)


@given(st.data())
@settings(max_examples=6, deadline=None)
def test_any_events(made: tuple[Path, str], choice: st.DataObject) -> None:
    """Of any events that are erased not one byte of what they said is left, and of the others every one is."""
    with TemporaryDirectory() as place:
        data = Path(place) / "data"
        copy(made[0], data)
        before = log_of(data)
        wanted = choice.draw(st.sets(st.integers(2, len(before)), min_size=1))
        with opened(data / "ledger.db") as file:
            found = choose(file, Choice(positions=frozenset(wanted)), lambda _done, _of: None)
            said = list(
                erasures(
                    file, found, Position(file.size), why="asked for", who="ann", cause=e.Cause("erase_1", "uid:1000")
                )
            )
        erase(data / "ledger.db", caches(data), said, lambda _done, _of: None, pass_by)
        after, bytes_left = log_of(data), b"".join(file.read_bytes() for file in data.iterdir())
        for was, now in zip(before, after, strict=False):
            assert is_tombstone(now.data) == (now != was)
            assert now == was or was.position in wanted
            for mark in MARKS.findall(was.data):
                assert (mark in bytes_left) == (now == was), (was.position, mark)
        assert leaves_of(after)[: len(before)] == leaves_of(before)
        assert verify_data(data, (), None, lambda _done, _of: None).sound


def test_a_log_with_a_gap_is_left_alone(data: Path) -> None:
    """Nothing is erased from a log from which events were removed, for that would cover it up."""
    with closing(sqlite3.connect(data / "ledger.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER stored_events_never_go")
        connection.execute("DELETE FROM stored_events WHERE rowid = 100")
    with pytest.raises(StoreError, match="so nothing was erased"):
        erase_session(data)
    assert not is_unfinished(data / "ledger.db")


def copy(source: Path, target: Path) -> None:
    target.mkdir()
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())


def test_the_log_is_append_only_again(data: Path) -> None:
    """After an erasure the log refuses every change, as before."""
    erase_session(data)
    with closing(sqlite3.connect(data / "ledger.db")) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE stored_events SET state = x'' WHERE rowid = 1")


OF_CONTENT = ("texts", "search", "temp.words", "changed_files")
"""Tables whose rows are content: an erasure leaves nothing to put into them."""


async def test_the_views_show_all_but_the_words(data: Path, tmp_path: Path) -> None:
    """Rebuilt, the views hold the same rows as before, each value as it was or without its words."""
    store = MemoryEventStore()
    for event in await asyncio.to_thread(log_of, data):
        await store.append(event.stream, Sequence(event.sequence - 1), [NewEvent(event.topic, event.data)])
    await asyncio.to_thread(erase_session, data)
    rebuilt = MemoryEventStore()
    for event in (await asyncio.to_thread(log_of, data))[:-1]:
        await rebuilt.append(event.stream, Sequence(event.sequence - 1), [NewEvent(event.topic, event.data)])
    for name, log in (("was.db", store), ("is.db", rebuilt)):
        await (await Projections.open(tmp_path / name, log)).close()
    was, now = tables(tmp_path / "was.db"), tables(tmp_path / "is.db")
    assert was.keys() == now.keys()
    for table in OF_CONTENT:
        assert set(now[table]) < set(was[table]), table
        assert not any(SECRET in str(row) for row in now[table]), table
    for table in was.keys() - {"tracking", *OF_CONTENT}:
        for old, new in zip(was[table], now[table], strict=True):
            for a, b in zip(old, new, strict=True):
                assert a == b or (SECRET in str(a) and b in ("[erased]", "", "[]", "{}")), (table, a, b)


def test_what_is_not_what_was_to_be_erased_is_left(data: Path) -> None:
    """An event that was changed since its erasure was recorded is not overwritten, for it would be covered up."""

    def stop(point: FaultPoint) -> None:
        if point == "erasure.after_commit":
            raise Crash

    with pytest.raises(Crash):
        erase_session(data, stop)
    with closing(sqlite3.connect(data / "ledger.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER stored_events_never_change")
        connection.execute(
            "UPDATE stored_events SET state = CAST(replace(state, 'build', 'plan') AS BLOB) WHERE rowid = 4"
        )
    with pytest.raises(StoreError, match="Event 4 is not the one that event 140 erases"):
        finish_erasures(data / "ledger.db", caches(data))
    assert is_unfinished(data / "ledger.db")


def test_a_reader_holds_it_up(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program reads an old state of the log, its bytes can't go: that is said, and finished later."""
    monkeypatch.setattr(erasing, "LOCK_TIMEOUT", 0.05)
    with closing(sqlite3.connect(data / "ledger.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM stored_events").fetchone()
        with pytest.raises(StoreError, match=r"Another program has the log open|is incomplete"):
            erase_session(data)
    assert finish(data / "ledger.db", caches(data))
    assert holding(data, SECRET) == []
