"""Any mix of concurrent and stale writers, readers, reopenings and crashes leaves a log that keeps its promises."""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Coroutine
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.errors import WrongExpectedVersion
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence

Result = TypeVar("Result")
STREAMS = [CodebaseId(f"cb_{n}") for n in range(4)]
ALL = 1_000_000

Started: TypeAlias = "tuple[Wish, int, asyncio.Task[tuple[RecordedEvent, ...]]]"
"""An append under way: what was wished, at which head, and its answer to come."""


@dataclass(frozen=True)
class Wish:
    """One append to come: to which stream, how many events, and by how much its writer errs about the head."""

    stream: CodebaseId
    events: int
    error: int


wishes = st.lists(
    st.builds(Wish, st.sampled_from(STREAMS), st.integers(1, 4), st.sampled_from([0, 0, 0, 0, -1, 1])), max_size=8
)


class LogUnderCrashes(RuleBasedStateMachine):
    """The store beside a list of what was announced; a crash keeps the database and any prefix of its log."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="ledger-"))
        self.lives = 0
        self.announced: list[RecordedEvent] = []
        self.ends = [0]
        self.safe = 0
        self.number = 0

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run it on this machine's loop; nothing may hang."""
        return self.runner.run(asyncio.wait_for(work, timeout=60))

    @property
    def path(self) -> Path:
        """The log of the present life."""
        return self.directory / f"{self.lives}.db"

    @property
    def wal(self) -> Path:
        """Its write-ahead log."""
        return self.directory / f"{self.lives}.db-wal"

    def hear(self, events: tuple[RecordedEvent, ...]) -> None:
        """Note one commit."""
        self.announced.extend(events)
        self.ends.append(len(self.announced))

    @initialize()
    def open(self) -> None:
        """Open the log of this life."""
        self.store = self.run(self.opened())

    async def opened(self) -> SqliteEventStore:
        """A store whose commits are noted."""
        store = await SqliteEventStore.open(self.path)
        store.on_commit(self.hear)
        return store

    def heads(self) -> dict[CodebaseId, int]:
        """Where the streams are, by what was announced."""
        return {stream: sum(event.stream == stream for event in self.announced) for stream in STREAMS}

    def start(self, group: list[Wish], heads: dict[CodebaseId, int]) -> list[Started]:
        """Append them all at once; each at the head that its stream will have when its turn comes, or beside it."""
        started: list[Started] = []
        for wish in group:
            head = heads[wish.stream]
            self.number += 1
            topic = "output" if self.number % 3 else "status"
            events = [NewEvent(topic, b'{"n":%d,"of":%d}' % (self.number, n)) for n in range(wish.events)]
            append = self.store.append(wish.stream, Sequence(head + wish.error), events)
            started.append((wish, head, asyncio.create_task(append)))
            heads[wish.stream] += wish.events if wish.error == 0 else 0
        return started

    @rule(waves=st.lists(wishes, min_size=1, max_size=3), after=st.integers(0, 40), limit=st.integers(1, 10))
    def write(self, waves: list[list[Wish]], after: int, limit: int) -> None:
        """Writers in waves, of which the later come amid the earlier ones' commit, and a reader beside them."""
        self.run(self.written(waves, after, limit))

    async def written(self, waves: list[list[Wish]], after: int, limit: int) -> None:
        """Start the waves, read, and see that each append had the answer it should."""
        heads = self.heads()
        started: list[Started] = []
        for wave in waves:
            started += self.start(wave, heads)
            for _ in range(len(wave)):  # the earlier waves are now on their way to the disk
                await asyncio.sleep(0)
        before = len(self.announced)
        page = await self.store.read_all(Position(after), limit)
        assert page == self.announced[after : after + len(page)], "a reader saw what was not announced"
        assert len(page) >= min(limit, before - after), "a reader missed what was announced before it asked"
        for wish, head, task in started:
            answer = (await asyncio.gather(task, return_exceptions=True))[0]
            if isinstance(answer, WrongExpectedVersion):
                assert wish.error, "a good append was refused"
                assert (answer.current, answer.expected) == (head, head + wish.error)
            else:
                assert not isinstance(answer, BaseException)
                assert not wish.error, "a stale append was taken"
                assert [event.sequence for event in answer] == list(range(head + 1, head + wish.events + 1))
                assert self.announced[answer[0].position - 1 : answer[-1].position] == list(answer)

    @rule()
    def checkpoint(self) -> None:
        """SQLite moves its write-ahead log into the database; from then on nothing of it can be lost."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.safe = len(self.announced)

    @rule()
    def reopen(self) -> None:
        """The server ends in good order and starts again."""
        self.run(self.store.close())
        self.safe = len(self.announced)
        self.open()

    @rule(under_way=wishes, steps=st.integers(0, 6), kept=st.one_of(st.none(), st.floats(0, 1)))
    def crash(self, under_way: list[Wish], steps: int, kept: float | None) -> None:
        """The machine dies amid appends; of the write-ahead log all is left (`None`) or any part from its start."""
        acknowledged, log = self.run(self.died(under_way, steps))
        log = log if kept is None else log[: round(kept * len(log))]
        self.lives += 1
        shutil.copy(self.directory / "copy", self.path)
        self.wal.write_bytes(log)
        self.open()
        left = self.run(self.store.read_all(Position(0), ALL))
        assert left == self.announced[: len(left)], "the log is no prefix of what it was"
        assert len(left) in self.ends, "half a group"
        assert len(left) >= (acknowledged if kept is None else self.safe), "an acknowledged event is lost"
        del self.announced[len(left) :]
        self.ends = [end for end in self.ends if end <= len(left)]

    async def died(self, under_way: list[Wish], steps: int) -> tuple[int, bytes]:
        """Begin some appends, take a copy of the files in the midst of them, and only then let them finish."""
        started = self.start(under_way, self.heads())
        for _ in range(steps):
            await asyncio.sleep(0)
        acknowledged = len(self.announced)
        log = self.wal.read_bytes() if self.wal.exists() else b""
        shutil.copy(self.path, self.directory / "copy")
        await asyncio.gather(*(task for _, _, task in started), return_exceptions=True)
        await self.store.close()
        return acknowledged, log

    @invariant()
    def keeps_its_promises(self) -> None:
        """What can be read is what was announced: positions and sequences without a hole, lifecycle without output."""
        if not hasattr(self, "store"):
            return
        assert self.store.head == len(self.announced)
        assert [event.position for event in self.announced] == list(range(1, len(self.announced) + 1))
        assert self.run(self.store.read_all(Position(0), ALL)) == self.announced
        for stream in STREAMS:
            history = [event for event in self.announced if event.stream == stream]
            assert [event.sequence for event in history] == list(range(1, len(history) + 1))
            assert self.run(self.store.stream_head(stream)) == len(history)
            assert self.run(self.store.read_stream(stream, Sequence(0), ALL)) == history
            assert self.run(self.store.read_lifecycle(stream, Sequence(0), ALL)) == [
                event for event in history if event.topic != "output"
            ]

    def teardown(self) -> None:
        """Close and tidy up."""
        if hasattr(self, "store"):
            self.run(self.store.close())
        self.runner.close()
        shutil.rmtree(self.directory)


LogUnderCrashes.TestCase.settings = settings(
    max_examples=40, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLogUnderCrashes = LogUnderCrashes.TestCase
