"""The promise of the streams: whatever happens, a subscriber gets the log, once and in order."""

import asyncio
import random
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.ports import CommitListener

from .events import CODEBASE, OTHER, append, complete, log_of, output, registered, started, whole_log_of
from .reader import DEADLINE, Reader, Seen
from .serving import Address, Serving, Tuning, start, stop

TINY = 2304
"""Bytes: less than the system grants, so that it grants its least and readers really fall behind."""

SIZES = st.sampled_from((0, 100, 2000, 6000))
"""Bytes of an event's text: a few of the long ones fill all buffers."""


class DawdlingStore(MemoryEventStore):
    """A log whose every answer may be old by the time it arrives, and whose announcements may lag behind its contents."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)
        self._late = self._random.random() < 0.5

    async def read_stream(
        self, stream: CodebaseId, after: Sequence, limit: int, *, upto: Sequence | None = None
    ) -> list[RecordedEvent]:
        """Read, some turns of the loop before and after."""
        await self.dawdle()
        found = await super().read_stream(stream, after, limit, upto=upto)
        await self.dawdle()
        return found

    async def read_all(self, after: Position, limit: int) -> list[RecordedEvent]:
        """Read, some turns of the loop before and after."""
        await self.dawdle()
        found = await super().read_all(after, limit)
        await self.dawdle()
        return found

    def on_commit(self, listener: CommitListener) -> Callable[[], None]:
        """Register, perhaps to be called some turns of the loop later."""

        def turn(events: tuple[RecordedEvent, ...], left: int) -> None:
            if left:
                asyncio.get_running_loop().call_soon(turn, events, left - 1)
            else:
                listener(events)

        return super().on_commit(lambda events: turn(events, 12 if self._late else 0))

    async def dawdle(self) -> None:
        """Wait some turns of the loop."""
        for _ in range(self._random.choice((0, 0, 1, 5, 15))):
            await asyncio.sleep(0)


class Subscription:
    """A subscriber over all its connections: what it asked for, and what it got so far."""

    def __init__(self, session: str | None, *, whole: bool, everywhere: bool = False) -> None:
        self.session, self.whole, self.everywhere = session, whole, everywhere
        self.since = 0
        self.reader: Reader | None = None
        self._before: list[Seen] = []
        self.saw_the_end = False

    async def connect(self, address: Address, since_now: int) -> None:
        """Connect, with the last id if there is one, as a browser would."""
        query = f"?session_id={self.session}" if self.session else "?last_event_id=0" if self.whole else ""
        if not self.got:
            self.since = 0 if self.session or self.whole else since_now
        cursor = self.got[-1][0] if self.got else None
        self.drop()
        path = "/events" if self.everywhere else "/cb_a/events"
        self.reader = await Reader.connect(address, path + query, cursor=cursor)
        await self.reader.until(lambda r: r.status)
        self.saw_the_end = self.reader.status == 204

    @property
    def reader_is_done(self) -> bool:
        """Whether the server said that nothing more will come."""
        return self.reader is not None and self.reader.ended

    @property
    def got(self) -> list[Seen]:
        """Everything so far; what was cut off in mid-frame doesn't count."""
        return self._before + (self.reader.events if self.reader else [])

    async def read(self, size: int, within: float) -> bool:
        """Read at most `size` bytes."""
        assert self.reader is not None
        return await self.reader.read(size, within)

    def drop(self) -> None:
        """Leave, wherever in a frame that may be."""
        self._before = self.got
        if self.reader is not None:
            self.reader.close()
        self.reader = None

    def wanted(self, log: list[Seen]) -> list[Seen]:
        """What it is to get of this log."""
        return [
            (number, topic, data)
            for number, topic, data in log
            if number > self.since and self.session in (None, orjson.loads(data).get("session_id"))
        ]


class Resuming(RuleBasedStateMachine):
    """Subscribers that come, go, dawdle and come back, while a log grows and its server restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.subscriptions: list[Subscription] = []
        self.going: list[str] = []
        self.sessions: list[str] = []

    def run(self, doing: Coroutine[Any, Any, None]) -> None:
        """Let the server and the readers live for as long as this takes."""
        self.runner.run(doing)

    @initialize(seed=st.integers(0, 2**32))
    def serve(self, seed: int) -> None:
        """An empty log, and a server in front of it."""
        self.store = DawdlingStore(seed)
        # A Unix socket: a TCP connection with such small buffers spends its time waiting for its own timers.
        self.directory = tempfile.TemporaryDirectory()
        self.run(self._serve())

    async def _serve(self) -> None:
        path = Path(self.directory.name, "socket")
        path.unlink(missing_ok=True)
        tuning: Tuning = {"page": 3, "backlog": 2048}
        self.serving: Serving = await start(self.store, str(path), send_buffer=TINY, tuning=tuning)

    @rule(kinds=st.lists(st.tuples(st.sampled_from("ooooosnc"), st.integers(0, 5), SIZES), min_size=1))
    def grow(self, kinds: list[tuple[str, int, int]]) -> None:
        """The log grows by one commit of any events: text, a session's start or end, or what has no session."""
        self.run(self._append([self._event(*kind) for kind in kinds]))

    async def _append(self, events: list[NewEvent], codebase: CodebaseId = CODEBASE) -> None:
        await append(self.store, *events, codebase=codebase)

    async def _log(self, subscription: Subscription) -> list[Seen]:
        return await (whole_log_of if subscription.everywhere else log_of)(self.store)

    def _event(self, kind: str, which: int, size: int) -> NewEvent:
        if kind == "s":
            self.sessions.append(f"sess_{len(self.sessions)}")
            self.going.append(self.sessions[-1])
            return started(self.sessions[-1])
        if kind == "n" or not self.going:
            return registered()
        session = self.going[which % len(self.going)]
        if kind == "c":
            self.going.remove(session)
            return complete(session)
        return output(f'"session_id":"sess_0"{"x" * size}', session)

    @rule(sizes=st.lists(SIZES, min_size=1, max_size=5))
    def grow_elsewhere(self, sizes: list[int]) -> None:
        """The log grows by one commit of another codebase."""
        self.run(self._append([output("x" * size) for size in sizes], OTHER))

    @precondition(lambda self: len(self.subscriptions) < 6)
    @rule(whole=st.booleans())
    def subscribe_to_all(self, whole: bool) -> None:
        """Someone comes for all codebases, from the first event or from now on."""
        self.subscriptions.append(Subscription(None, whole=whole, everywhere=True))
        self.run(self._connect(self.subscriptions[-1]))

    @precondition(lambda self: len(self.subscriptions) < 6)
    @rule(whole=st.booleans(), which=st.none() | st.integers(0, 5))
    def subscribe(self, whole: bool, which: int | None) -> None:
        """Someone comes, for everything, for what comes from now on, or for one session."""
        session = None if which is None or not self.sessions else self.sessions[which % len(self.sessions)]
        self.subscriptions.append(Subscription(session, whole=whole))
        self.run(self._connect(self.subscriptions[-1]))

    async def _connect(self, subscription: Subscription) -> None:
        log = await self._log(subscription)
        if subscription.everywhere:
            await subscription.connect(self.serving.address, len(log))
            return
        firsts = [n for n, _, data in log for s in self.going[-1:] if orjson.loads(data).get("session_id") == s]
        await subscription.connect(self.serving.address, firsts[0] - 1 if firsts else len(log))

    def _some(self, which: int, *, connected: bool) -> Subscription | None:
        found = [s for s in self.subscriptions if (s.reader is not None) is connected]
        return found[which % len(found)] if found else None

    @rule(which=st.integers(0, 5), sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=8))
    def read(self, which: int, sizes: list[int]) -> None:
        """Someone reads a few bytes."""
        if subscription := self._some(which, connected=True):
            self.run(self._read(subscription, sizes))

    async def _read(self, subscription: Subscription, sizes: list[int]) -> None:
        for size in sizes:
            await subscription.read(size, within=0.002)

    @rule(
        commits=st.lists(st.lists(SIZES, min_size=1, max_size=5), min_size=1, max_size=12),
        sizes=st.lists(st.integers(1, 20000), max_size=8),
        newcomers=st.integers(0, 2),
    )
    def all_at_once(self, commits: list[list[int]], sizes: list[int], newcomers: int) -> None:
        """The log grows, everyone reads, others come or come back, all at the same time."""
        room = 8 - len(self.subscriptions)
        self.subscriptions += [Subscription(None, whole=True) for _ in range(min(newcomers, room))]
        batches = [[self._event("o", size, size) for size in commit] for commit in commits]
        self.run(self._all_at_once(batches, sizes))

    async def _all_at_once(self, commits: list[list[NewEvent]], sizes: list[int]) -> None:
        async def write() -> None:
            for number, commit in enumerate(commits):
                await append(self.store, *commit)
                if number % 3 == 0:
                    await append(self.store, output("elsewhere"), codebase=OTHER)
                await self.store.dawdle()

        # Where one without a cursor begins would be a matter of luck here.
        returning = [s for s in self.subscriptions if s.reader is None and (s.whole or s.session or s.got)]
        reading = [s for s in self.subscriptions if s.reader is not None]
        await asyncio.gather(write(), *(self._connect(s) for s in returning), *(self._read(s, sizes) for s in reading))

    @rule(which=st.integers(0, 5))
    def drop(self, which: int) -> None:
        """Someone's connection breaks."""
        if subscription := self._some(which, connected=True):
            subscription.drop()

    @rule(which=st.integers(0, 5))
    def come_back(self, which: int) -> None:
        """Someone comes back with the last id it has."""
        if subscription := self._some(which, connected=False):
            self.run(self._connect(subscription))

    @rule(cleanly=st.booleans())
    def restart(self, cleanly: bool) -> None:
        """The server ends, in good order or not, and another one takes its place over the same log."""
        self.run(self._restart(cleanly))

    async def _restart(self, cleanly: bool) -> None:
        await self._end(cleanly)
        for subscription in self.subscriptions:
            subscription.drop()
        await self._serve()

    async def _end(self, cleanly: bool) -> None:
        if cleanly:
            await stop(self.serving)
        else:
            await self.serving.runner.cleanup()

    @invariant()
    def nothing_is_lost_doubled_or_out_of_order(self) -> None:
        """At every moment, what someone got is the beginning of what it is to get."""
        for subscription in self.subscriptions:
            log = self.runner.run(self._log(subscription))
            assert subscription.got == subscription.wanted(log)[: len(subscription.got)]

    def teardown(self) -> None:
        """In the end everyone comes back, reads on, and has everything."""
        try:
            if hasattr(self, "serving"):
                self.run(self._settle())
                self.directory.cleanup()
        finally:
            self.runner.close()

    async def _settle(self) -> None:
        async with asyncio.timeout(DEADLINE):
            await asyncio.gather(*(self._finish(subscription) for subscription in self.subscriptions))
        await self._end(cleanly=True)

    async def _finish(self, subscription: Subscription) -> None:
        log = await self._log(subscription)
        if subscription.reader is None:
            await self._connect(subscription)
        wanted, over = subscription.wanted(log), subscription.session not in (None, *self.going)
        while len(subscription.got) < len(wanted) or (over and not subscription.reader_is_done):
            assert await subscription.read(65536, within=DEADLINE)
        assert subscription.got == wanted
        subscription.drop()
        if over:
            await self._connect(subscription)
            assert subscription.saw_the_end
        subscription.drop()


TestResuming = Resuming.TestCase
TestResuming.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
