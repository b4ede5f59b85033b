"""The stream of overviews for any history and any schedule of its readers: the last state of each codebase, once."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.projections.histories import STREAMS, History, histories, register, trigger
from tests.support.service import eventually

from opencode_ledger.actors.clock import SystemClock
from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain import events as e
from opencode_ledger.domain.ids import CodebaseId, Sequence, SessionId, Timestamp
from opencode_ledger.http.streams.overview_board import PAGE, Limit, OverviewBoard
from opencode_ledger.http.streams.overviews import PACE, OverviewFeed
from opencode_ledger.http.streams.subscriber import Subscriber
from opencode_ledger.projections.runner import Projections

LIMIT = 30.0
AT = Timestamp("2026-01-01T12:00:00.000Z")


class FastClock(SystemClock):
    """A clock that a test sets. The pace of the stream takes no time; all that waits longer waits for `hurry`."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, 12, tzinfo=UTC)
        self.hurry = asyncio.Event()

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        await (asyncio.sleep(0) if seconds <= PACE else self.hurry.wait())


class Wire(asyncio.Transport):
    """A transport that keeps what was sent."""

    def __init__(self) -> None:
        super().__init__()
        self.body = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.body += data

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False


class Reader:
    """A reader of the stream. `slow`: it takes nothing more until `resume` is set."""

    def __init__(self, feed: OverviewFeed, cursor: int, limit: Limit = None) -> None:
        self.cursor, self.wire, self.resume = cursor, Wire(), asyncio.Event()
        self.resume.set()
        self.subscriber = Subscriber(
            self.wire, chunked=False, position=Sequence(cursor), session=None, upto=None, monotonic=lambda: 0.0
        )
        self.task = asyncio.create_task(feed.feed(self.subscriber, self._drain, limit))

    async def _drain(self) -> None:
        await self.resume.wait()

    def frames(self) -> list[tuple[int, Any]]:
        """What it was sent: ids and data."""
        sent = bytes(self.wire.body).split(b"\n\n")[:-1]
        found = [dict(line.split(b": ", 1) for line in frame.split(b"\n")) for frame in sent]
        return [(int(frame[b"id"]), orjson.loads(frame[b"data"])) for frame in found]

    async def leave(self) -> list[tuple[int, Any]]:
        """End the connection; all that was sent."""
        self.subscriber.finish()
        self.resume.set()
        await self.task
        return self.frames()


class Ground:
    """A log, its views, and the stream of their overviews."""

    def __init__(self, store: MemoryEventStore, projections: Projections) -> None:
        self.store, self.projections, self.clock = store, projections, FastClock()
        self.board = OverviewBoard(projections, self.clock)
        self.feed = OverviewFeed(self.board, projections, self.clock)

    async def record(self, stream: CodebaseId, commit: tuple[Any, ...]) -> None:
        """Append, and wait until the views show it."""
        await self.store.append(stream, await self.store.stream_head(stream), commit)
        await self.projections.caught_up(self.store.head)

    async def reader(self, cursor: int = 0, limit: Limit = None) -> Reader:
        """A new reader, as a request makes one."""
        await self.board.refresh()
        return Reader(self.feed, cursor, limit)

    async def shown(self, limit: Limit = None) -> dict[str, Any]:
        """By codebase, what the list shows."""
        return {one["id"]: (one["name"], one["overview"]) for one in orjson.loads(await self.board.listed(limit))}

    async def knows_all(self, reader: Reader, known: dict[str, Any], limit: Limit = None) -> None:
        """Wait until a reader that knew this before knows what the list shows."""
        expected = await self.shown(limit)

        def known_now() -> dict[str, Any]:
            now = known | {
                data["codebase"]["id"]: (data["codebase"]["name"], data["overview"]) for _, data in reader.frames()
            }
            return {codebase: each for codebase, each in now.items() if each[1] is not None}

        async with asyncio.timeout(LIMIT):
            while known_now() != expected:
                await asyncio.sleep(0)


@asynccontextmanager
async def ground() -> AsyncGenerator[Ground]:
    store = MemoryEventStore()
    with tempfile.TemporaryDirectory() as root:
        projections = await Projections.open(Path(root, "views.db"), store)
        try:
            yield Ground(store, projections)
        finally:
            await projections.close()


def check(frames: list[tuple[int, Any]], cursor: int) -> None:
    """Ids rise from the cursor on, and no frame repeats what the one before said of its codebase."""
    ids = [number for number, _ in frames]
    assert all(later > earlier for earlier, later in zip([cursor, *ids], ids, strict=False)), (cursor, ids)
    last = dict[str, Any]()
    for _, data in frames:
        codebase = data["codebase"]["id"]
        assert last.get(codebase) != data
        last[codebase] = data


@settings(max_examples=25, deadline=None)
@given(histories(), st.lists(st.sampled_from(["stay", "stay", "leave", "slow", "cut", "turn"]), min_size=1, max_size=8))
def test_any_history_and_any_schedule(history: History, schedule: list[str]) -> None:
    """However a reader comes, goes and lags, it knows the last state of each codebase, and gets nothing twice."""

    async def scenario() -> None:
        async with ground() as here:
            known, reader = dict[str, Any](), await here.reader()
            for step, (stream, commit) in enumerate(history.commits):
                match schedule[step % len(schedule)]:
                    case "slow":
                        reader.resume.clear()
                    case "turn":
                        await asyncio.sleep(0)
                    case "leave" | "cut" as how:
                        frames = await reader.leave()
                        check(frames, reader.cursor)
                        kept = frames[: len(frames) // 2] if how == "cut" else frames
                        known |= {d["codebase"]["id"]: (d["codebase"]["name"], d["overview"]) for _, d in kept}
                        reader = await here.reader(kept[-1][0] if kept else reader.cursor)
                    case _:
                        reader.resume.set()
                await here.record(stream, commit)
            reader.resume.set()
            await here.knows_all(reader, known)
            check(await reader.leave(), reader.cursor)

    asyncio.run(scenario())


def said(text: str) -> e.Output:
    """Something that the agent of the only session says."""
    return e.Output(
        type="text", content=text, message_id="m", part_id="p", session_id=SessionId("sess_1"), timestamp=AT
    )


def working() -> History:
    """A codebase whose agent is at work."""
    history = History()
    register(history, STREAMS[0])
    trigger(history, STREAMS[0], session_id=SessionId("sess_1"))
    return history


async def test_a_slow_reader_gets_the_latest_state() -> None:
    """While a reader takes nothing, changes of a codebase replace those before; at the end it has the last."""
    async with ground() as here:
        for stream, commit in working().commits:
            await here.record(stream, commit)
        reader = await here.reader()
        await here.knows_all(reader, {})
        reader.resume.clear()
        history = History()
        for number in range(200):
            history.record(STREAMS[0], said(f"line {number}\n"))
        for stream, commit in history.commits:
            await here.record(stream, commit)
            await asyncio.sleep(0)
        assert len(reader.frames()) <= 2, "what waits for it is one state, not a queue"
        reader.resume.set()
        await here.knows_all(reader, {})
        frames = await reader.leave()
        check(frames, 0)
        assert frames[-1][1]["overview"]["says"] == "line 199"
        assert len(frames) < 20, "of 200 changes"


async def test_more_codebases_than_a_page() -> None:
    """All codebases come in pages, and what changes between two pages comes once, in its last state."""
    async with ground() as here:
        many = [CodebaseId(f"cb_{number:04}") for number in range(2 * PAGE + 5)]
        history = History()
        for codebase in many:
            register(history, codebase)
        for stream, commit in history.commits:
            await here.store.append(stream, Sequence(0), commit)
        await here.projections.caught_up(here.store.head)
        reader = await here.reader()
        reader.resume.clear()
        while not reader.frames():
            await asyncio.sleep(0)
        change = History()
        for codebase in (many[0], many[-1]):
            change.record(codebase, e.CodebaseChanged(codebase_id=codebase, name="changed", timestamp=AT))
        for stream, commit in change.commits:
            await here.record(stream, commit)
        await here.board.refresh()
        reader.resume.set()
        await here.knows_all(reader, {})
        frames = await reader.leave()
        check(frames, 0)
        names = [(data["codebase"]["id"], data["codebase"]["name"]) for _, data in frames]
        assert len(names) == len(many) + 1, "the first one came in both states, the last only in the new one"
        assert names[-2:] == [(many[0], "changed"), (many[-1], "changed")]


async def test_only_some_codebases() -> None:
    """A reader of some codebases, by ids or names, hears of no other, also while names change."""
    async with ground() as here:
        history, mine = History(), frozenset({STREAMS[1], "mine", "cb_unknown"})
        for stream in STREAMS:
            register(history, stream)
        for stream, commit in history.commits:
            await here.record(stream, commit)
        reader = await here.reader(limit=mine)
        await here.knows_all(reader, {}, mine)

        async def rename(stream: CodebaseId, name: str) -> None:
            change = History()
            change.record(stream, e.CodebaseChanged(codebase_id=stream, name=name, timestamp=AT))
            await here.record(*change.commits[0])
            await here.knows_all(reader, {}, mine)

        for stream, name in (
            (STREAMS[0], "mine"),
            (STREAMS[2], "cb_unknown"),
            (STREAMS[1], "x"),
            (STREAMS[0], "theirs"),
        ):
            await rename(stream, name)
        assert set(await here.shown(mine)) == {STREAMS[1]}
        frames = await reader.leave()
        named = [(data["codebase"]["id"], data["overview"] is None) for _, data in frames]
        a, b, _c = STREAMS
        assert named == [(b, False), (a, False), (b, False), (a, True)]
        assert "theirs" not in str(frames), "what left the limit is gone, and its new name stays unknown"


async def change(here: Ground, stream: CodebaseId, event: e.Event) -> None:
    """Record one more event of a codebase."""
    history = History()
    history.record(stream, event)
    await here.record(*history.commits[0])


def renamed(stream: CodebaseId, name: str) -> e.Event:
    return e.CodebaseChanged(codebase_id=stream, name=name, timestamp=AT)


def deleted(stream: CodebaseId) -> e.Event:
    return e.CodebaseDeleted(codebase_id=stream, timestamp=AT)


def named_in(frames: list[tuple[int, Any]]) -> list[tuple[str, str, bool]]:
    """Of each frame: the codebase, its name, and whether it is there."""
    return [(data["codebase"]["id"], data["codebase"]["name"], data["overview"] is not None) for _, data in frames]


@pytest.mark.parametrize("event", [renamed(STREAMS[0], "theirs"), deleted(STREAMS[0])])
async def test_what_leaves_the_limit_after_a_return(event: e.Event) -> None:
    """A reader of a name that returns with a cursor gets all again, and hears when a codebase is no longer its own."""
    async with ground() as here:
        a, b, _c = STREAMS
        history, mine = History(), frozenset({"mine"})
        for stream in STREAMS:
            register(history, stream)
        for stream, commit in history.commits:
            await here.record(stream, commit)
        await change(here, a, renamed(a, "mine"))
        await change(here, b, renamed(b, "other"))
        cursor = here.store.head
        reader = await here.reader(cursor, mine)
        await here.knows_all(reader, {}, mine)
        await change(here, a, event)
        await here.knows_all(reader, {}, mine)
        frames = await reader.leave()
        assert named_in(frames) == [(a, "mine", True), (a, "mine", False)]
        assert frames[0][0] == cursor, "the reader's place in the log never goes back"


async def test_deleted_codebases_of_a_name() -> None:
    """A returning reader of a name hears nothing of deleted codebases that had it; one of an id hears of its own."""
    async with ground() as here:
        a, b, _c = STREAMS
        history = History()
        for stream in STREAMS:
            register(history, stream)
        for stream, commit in history.commits:
            await here.record(stream, commit)
        await change(here, a, renamed(a, "mine"))
        cursor = here.store.head
        await change(here, a, deleted(a))
        await change(here, b, renamed(b, "mine"))
        for limit, expected in (
            (frozenset({"mine"}), [(b, "mine", True)]),
            (frozenset({a, "mine"}), [(a, "mine", False), (b, "mine", True)]),
            (frozenset({a}), [(a, "mine", False)]),
        ):
            reader = await here.reader(cursor, limit)
            await eventually(lambda: len(reader.frames()) == len(expected))  # noqa: B023  # awaited at once
            assert named_in(await reader.leave()) == expected


async def test_a_new_day() -> None:
    """At midnight UTC `cost_today` becomes 0, in the list and for those who watch, without an event."""
    async with ground() as here:
        history = working()
        used = e.Usage(session_id=SessionId("sess_1"), tokens={"input": 1, "output": 1}, cost=0.5, timestamp=AT)
        history.record(STREAMS[0], used)
        for stream, commit in history.commits:
            await here.record(stream, commit)
        reader = await here.reader()
        await here.knows_all(reader, {})
        assert (await here.shown())[STREAMS[0]][1]["cost_today"] == 0.5
        here.clock.time = datetime(2026, 1, 2, tzinfo=UTC)
        here.clock.hurry.set()
        await here.knows_all(reader, {})
        frames = await reader.leave()
        assert (frames[-1][1]["overview"]["cost_today"], frames[-1][1]["overview"]["cost"]) == (0.0, 0.5)
        assert frames[-1][0] == frames[-2][0], "the reader's place in the log stays"
