"""A whole service in memory: the real supervisor, actors and rooms over scripted agents, on the virtual clock."""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable
from collections.abc import Sequence as Many
from itertools import count
from typing import Any, TypeVar

from tests.domain.truth import assert_truthful

from opencode_ledger.actors.codebase_actor import CodebaseActor
from opencode_ledger.actors.settings import ActorSettings
from opencode_ledger.actors.slots.agent_slots import AgentSlots
from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.actors.supervisor import Supervisor
from opencode_ledger.actors.twins.scripted_agent import Play, ScriptedAgents, Temper, wait_for_cues
from opencode_ledger.actors.twins.scripted_history import ScriptedHistories
from opencode_ledger.actors.twins.virtual_clock import VirtualClock, settle
from opencode_ledger.actors.whole_outputs import OutputKeeper
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.decision import fold
from opencode_ledger.domain.codebase.hindrance import Hindrance
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.codebase.state import INITIAL, State
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.events.wire import decode
from opencode_ledger.domain.ids import CodebaseId, MessageId, Position, Sequence, SessionId, TaskId
from opencode_ledger.domain.secrets.masker import Secrets

T = TypeVar("T")
A = CodebaseId("cb_a")
B = CodebaseId("cb_b")
C = CodebaseId("cb_c")
_TOWNS = count(1)


class FailingStore:
    """A log that can be made to fail, or cut off as by the end of its process."""

    def __init__(self, inner: MemoryEventStore) -> None:
        self.inner = inner
        self.failing = False
        self.failing_for: CodebaseId | None = None
        self.broken: Exception | None = None
        self.cut = False

    @property
    def head(self) -> Position:
        """See `EventStore`."""
        return self.inner.head

    async def append(self, stream: CodebaseId, expected: Sequence, events: Many[NewEvent]) -> tuple[RecordedEvent, ...]:
        """See `EventStore`."""
        await self._gate()
        if self.failing or stream == self.failing_for:
            raise StoreError("disk full")
        if self.broken:
            error, self.broken = self.broken, None
            raise error
        return await self.inner.append(stream, expected, events)

    async def stream_head(self, stream: CodebaseId) -> Sequence:
        """See `EventStore`; gives way, as a real store does."""
        await self._gate()
        await asyncio.sleep(0)
        if self.failing:
            raise StoreError("disk gone")
        return await self.inner.stream_head(stream)

    async def read_stream(
        self, stream: CodebaseId, after: Sequence, limit: int, *, upto: Sequence | None = None
    ) -> list[RecordedEvent]:
        """See `EventStore`."""
        return await self.inner.read_stream(stream, after, limit, upto=upto)

    async def read_lifecycle(self, stream: CodebaseId, after: Sequence, limit: int) -> list[RecordedEvent]:
        """See `EventStore`."""
        return await self.inner.read_lifecycle(stream, after, limit)

    async def read_all(self, after: Position, limit: int) -> list[RecordedEvent]:
        """See `EventStore`."""
        return await self.inner.read_all(after, limit)

    async def trouble(self) -> str | None:
        """See `EventStore`."""
        return "disk full" if self.failing else None

    def on_commit(self, listener: Any) -> Any:
        """See `EventStore`."""
        return self.inner.on_commit(listener)

    async def close(self) -> None:
        """See `EventStore`."""
        await self.inner.close()

    async def _gate(self) -> None:
        if self.cut:  # the process is gone: nothing it began ever returns
            await asyncio.get_running_loop().create_future()


class Town:
    """The service, with everything a test wants to look at."""

    def __init__(
        self,
        *,
        max_agents: int = 4,
        play: Play = wait_for_cues,
        temper: Temper | None = None,
        log: MemoryEventStore | None = None,
        clock: VirtualClock | None = None,
        settings: ActorSettings | None = None,
        histories: ScriptedHistories | None = None,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.log = log or MemoryEventStore()
        self.store = FailingStore(self.log)
        self.slots = AgentSlots(max_agents)
        self.agents = ScriptedAgents(self.clock, play, temper)
        self.histories = histories or ScriptedHistories()
        self.keeper: OutputKeeper | None = None
        self.actors: dict[CodebaseId, CodebaseActor] = {}
        self.births = 0
        self.secrets = Secrets()
        self.settings = settings or ActorSettings()
        self.hindrances: dict[str, Hindrance] = {}
        self.supervisor = Supervisor(self.store, self._actor, self.clock, self.settings)
        self._town, self._number = next(_TOWNS), 0  # after a crash a log knows the identities of two towns
        self._asked: list[asyncio.Task[Any]] = []

    async def _hindered(self, codebase: e.CodebaseRegistered) -> Hindrance | None:
        await asyncio.sleep(0)
        return self.hindrances.get(codebase.path)

    def _actor(self, codebase: CodebaseId) -> CodebaseActor:
        actor = CodebaseActor(
            codebase,
            store=self.store,
            agents=self.agents,
            histories=self.histories,
            slots=self.slots,
            clock=self.clock,
            settings=self.settings,
            secrets=self.secrets,
            hindered=self._hindered,
            outputs=self.keeper,
        )
        self.actors[codebase] = actor
        self.births += 1
        return actor

    # --- asking -----------------------------------------------------------------------------------------------------

    async def register(self, *codebases: CodebaseId, **config: e.Json) -> None:
        """Register codebases, each in a directory of its name."""
        for codebase in codebases:
            await self.supervisor.register(
                c.Register(codebase_id=codebase, name=codebase, path=f"/code/{codebase}", agent_config=config)
            )

    def trigger(self, prompt: str = "go") -> c.Trigger:
        """A trigger with identities of its own."""
        self._number += 1
        n = f"{self._town}_{self._number}"
        ids = (SessionId(f"sess_{n}"), TaskId(f"task_{n}"), MessageId(f"msg_{n}"))
        return c.Trigger(session_id=ids[0], task_id=ids[1], message_id=ids[2], prompt=prompt)

    def message(self, text: str = "more") -> c.SendMessage:
        """A message with an identity of its own."""
        self._number += 1
        return c.SendMessage(message_id=MessageId(f"msg_{self._town}_{self._number}"), content=text)

    async def do(self, codebase: CodebaseId, command: c.Command) -> Phase:
        """Have it done, wait until all is quiet, and say where the codebase stands."""
        asked = self.ask(codebase, command)
        await settle()
        await asked
        return self.phase(codebase)

    async def sync(self, codebase: CodebaseId) -> int:
        """Have what others did recorded; how many sessions brought something."""
        return await self.ask_sync(codebase)

    def ask_sync(self, codebase: CodebaseId) -> asyncio.Task[int]:
        """The same without waiting."""

        async def brought() -> int:
            return (await self.supervisor.sync(codebase)).brought

        return self._spawn(brought())

    def ask(self, codebase: CodebaseId, command: c.Command) -> asyncio.Task[Any]:
        """Ask without waiting for the answer."""
        return self._spawn(self.supervisor.ask(codebase, command))

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        # A refusal that a test doesn't look at is no news to the log, at whatever moment it is collected.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._asked.append(task)
        return task

    # --- looking ----------------------------------------------------------------------------------------------------

    def phase(self, codebase: CodebaseId) -> Phase:
        """Where the codebase's actor says it stands."""
        return self.actors[codebase].state.phase

    async def events(self, codebase: CodebaseId) -> list[e.Event]:
        """The codebase's history, from the log."""
        return [decode(r) for r in await self.log.read_stream(codebase, Sequence(0), 100_000)]

    async def names(self, codebase: CodebaseId) -> list[str]:
        """What the events of the codebase's history are called."""
        return [f"{x.topic}.{x.action}" if x.action else x.topic for x in await self.events(codebase)]

    async def recorded_state(self, codebase: CodebaseId) -> State:
        """The codebase's state, folded from the log."""
        return fold(INITIAL, await self.events(codebase))

    async def assert_truthful(self) -> None:
        """Every history holds, is numbered without a hole, and is what its actor believes."""
        awake = {actor.codebase: actor for actor in self.supervisor._actors()}  # pyright: ignore[reportPrivateUsage]
        for codebase in self.actors:
            recorded = await self.log.read_stream(codebase, Sequence(0), 100_000)
            assert [r.sequence for r in recorded] == list(range(1, len(recorded) + 1))
            assert_truthful(decode(r) for r in recorded)
            if codebase in awake:
                assert fold(INITIAL, map(decode, recorded)) == awake[codebase].state

    # --- ending -----------------------------------------------------------------------------------------------------

    async def crash(self) -> "Town":
        """End as by `kill -9`, then start again over the same log."""
        self.store.cut = True
        for agent in self.agents.made:
            agent.vanish()
        self.clock.forget()
        current = asyncio.current_task()
        doomed = [task for task in asyncio.all_tasks() if task is not current]
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)
        return Town(
            max_agents=self.slots.limit,
            log=self.log,
            clock=self.clock,
            settings=self.settings,
            temper=self.agents.temper,
            histories=self.histories,
        )

    async def start(self, codebases: Iterable[CodebaseId]) -> None:
        """Start as the service does: know the directories, and bring to an end what was cut off."""
        live: dict[str, CodebaseId] = {}
        unsettled: list[CodebaseId] = []
        for codebase in codebases:
            state = await self.recorded_state(codebase)
            if state.codebase and state.phase is not Phase.DELETED:
                live[state.codebase.path] = codebase
            if state.queue or state.phase not in (Phase.VOID, Phase.IDLE, Phase.INTERRUPTED, Phase.DELETED):
                unsettled.append(codebase)
        await self.supervisor.start(live, unsettled)
        await settle()


async def running(town: Town, *codebases: CodebaseId) -> None:
    """Register codebases and have an agent at work on each."""
    await town.register(*codebases)
    for codebase in codebases:
        await town.do(codebase, town.trigger())


async def outcome(work: Awaitable[object]) -> object:
    """What comes of it: the answer, or the error as a value."""
    try:
        return await work
    except Exception as error:
        return error
