"""The whole service under everything that can happen, in any order: a state machine of Hypothesis.

Nothing here waits in real time. The event loop runs only inside a rule, so that what is under way stands still between
two rules just as it was left; `settle` lets it come to rest, `spin` only takes it some way.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.actors.town import Town

from opencode_ledger.actors.settings import ActorSettings
from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent, Temper
from opencode_ledger.actors.twins.virtual_clock import settle
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.lifecycle_rules import BUSY, Phase
from opencode_ledger.domain.codebase.state import INITIAL
from opencode_ledger.domain.errors import ActorStopped, LedgerError
from opencode_ledger.domain.ids import CodebaseId, MessageId, PermissionId, SessionId, TaskId

T = TypeVar("T")
CODEBASES = [CodebaseId("cb_a"), CodebaseId("cb_b"), CodebaseId("cb_c")]
LONGEST = 100.0
"""Seconds after which everything under way must be over; every delay of the agents is shorter."""

codebases = st.sampled_from(CODEBASES)
steps = st.sampled_from([0, 1, 2, 3, 5, 8, None])
"""How far the event loop runs after a rule; None until it is at rest."""


@dataclass
class Ask:
    """A command that somebody asked for, and what became of it. `orphaned`: the server died under it."""

    codebase: CodebaseId
    command: c.Command
    task: asyncio.Task[Any]
    orphaned: bool = False

    @property
    def accepted(self) -> bool:
        """Whether it was answered, and not refused."""
        return self.task.done() and not self.task.cancelled() and self.task.exception() is None

    @property
    def refused(self) -> bool:
        """Whether it was refused for a reason that promises that nothing was done."""
        if not self.task.done() or self.task.cancelled():
            return False
        return isinstance(self.task.exception(), LedgerError) and not isinstance(self.task.exception(), ActorStopped)


class Service(RuleBasedStateMachine):
    """Several codebases, few agents, and no mercy."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._unhandled)
        self.unhandled: list[dict[str, Any]] = []
        self.asks: list[Ask] = []
        self.number = 0

    @initialize(max_agents=st.integers(1, 2))
    def open(self, max_agents: int) -> None:
        """Start with every codebase registered."""

        async def begin() -> Town:
            tuning = ActorSettings(idle_limit=20, permission_limit=30, close_limit=6)
            town = Town(max_agents=max_agents, temper=Temper(), settings=tuning)
            await town.register(*CODEBASES)
            return town

        self.town = self.run(begin())

    # --- what people do -----------------------------------------------------------------------------------------------

    @rule(codebase=codebases, far=steps)
    def trigger(self, codebase: CodebaseId, far: int | None) -> None:
        """Somebody triggers."""
        self.number += 1
        n = self.number
        ids = (SessionId(f"sess_{n}"), TaskId(f"task_{n}"), MessageId(f"msg_{n}"))
        self.ask(codebase, c.Trigger(session_id=ids[0], task_id=ids[1], message_id=ids[2], prompt=f"{n}"), far)

    @rule(codebase=codebases, far=steps)
    def message(self, codebase: CodebaseId, far: int | None) -> None:
        """Somebody sends a message."""
        self.number += 1
        self.ask(codebase, c.SendMessage(message_id=MessageId(f"msg_{self.number}"), content=f"{self.number}"), far)

    @rule(codebase=codebases, far=steps, priority=st.integers(0, 2))
    def create(self, codebase: CodebaseId, far: int | None, priority: int) -> None:
        """Somebody queues a task."""
        self.number += 1
        task, n = TaskId(f"task_{self.number}"), str(self.number)
        self.ask(codebase, c.CreateTask(task_id=task, title=n, prompt=n, priority=priority), far)

    @rule(codebase=codebases, far=steps, pick=st.integers(0, 3))
    def cancel(self, codebase: CodebaseId, far: int | None, pick: int) -> None:
        """Somebody cancels a task, one that waits or the one that is worked on, if there is any."""
        actor = self.town.actors.get(codebase)
        state = actor.state if actor else INITIAL
        known = [task.task_id for task in state.queue] + [state.session.task_id if state.session else None]
        self.ask(codebase, c.CancelTask(task_id=known[pick % len(known)] or TaskId("task_none")), far)

    @rule(codebase=codebases, far=steps, command=st.sampled_from([c.Interrupt(), c.Stop()]))
    def halt(self, codebase: CodebaseId, far: int | None, command: c.Command) -> None:
        """Somebody interrupts or stops."""
        self.ask(codebase, command, far)

    @rule(codebase=codebases, far=steps, sure=st.integers(0, 5))
    def delete(self, codebase: CodebaseId, far: int | None, sure: int) -> None:
        """Somebody deletes, now and then."""
        if sure == 0:
            self.ask(codebase, c.Delete(), far)

    @rule(codebase=codebases, far=steps, reply=st.sampled_from(["once", "always", "reject"]))
    def reply(self, codebase: CodebaseId, far: int | None, reply: Any) -> None:
        """Somebody answers the oldest open question, or one that nobody asked."""
        actor = self.town.actors.get(codebase)
        open_ones = list(actor.state.session.permissions) if actor and actor.state.session else []
        permission = open_ones[0] if open_ones else PermissionId("perm_none")
        self.ask(codebase, c.ReplyPermission(permission_id=permission, reply=reply), far)

    @precondition(lambda self: any(not ask.task.done() for ask in self.asks))
    @rule(pick=st.integers(0, 10))
    def leave(self, pick: int) -> None:
        """Somebody doesn't wait for the answer."""
        waiting = [ask for ask in self.asks if not ask.task.done()]
        waiting[pick % len(waiting)].task.cancel()

    # --- what agents do -----------------------------------------------------------------------------------------------

    @rule(codebase=codebases, far=steps, what=st.sampled_from(["say", "tool", "ask", "end", "fail", "die"]))
    def agent(self, codebase: CodebaseId, far: int | None, what: str) -> None:
        """An agent does something of its own accord."""
        made = [agent for agent in self.town.agents.made if agent.codebase == codebase]
        if made:
            self.loop.create_task(self.act(made[-1], what))
            self.spin(far)

    @staticmethod
    async def act(agent: ScriptedAgent, what: str) -> None:
        """What an agent can do."""
        if what == "say":
            await agent.say("word")
        elif what == "tool":
            await agent.begin_tool("bash")
        elif what == "ask":
            await agent.ask("bash")
        elif what == "end":
            await agent.end()
        elif what == "fail":
            await agent.end(error="no tokens left")
        else:
            await agent.die()

    @rule(
        start=st.sampled_from([0.0, 5.0]),
        abort=st.sampled_from([0.0, 3.0]),
        stop=st.sampled_from([0.0, 4.0]),
        trouble=st.sampled_from(["none", "none", "start", "prompt", "hang"]),
    )
    def temper(self, start: float, abort: float, stop: float, trouble: str) -> None:
        """The agents get slower, quicker, unable or able."""
        temper = self.town.agents.temper
        temper.start_delay, temper.abort_delay, temper.stop_delay = start, abort, stop
        temper.start_error = "not installed" if trouble == "start" else None
        temper.prompt_error = "refused" if trouble == "prompt" else None
        temper.hangs_in_prompt = trouble == "hang"

    # --- what the world does ------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 25.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        """Time passes."""
        self.run(self.town.clock.advance(seconds))

    @rule(failing=st.booleans())
    def disk(self, failing: bool) -> None:
        """The disk fills up, or there is space again."""
        self.town.store.failing = failing

    @rule()
    def mistake(self) -> None:
        """The next append meets a mistake of ours, and its actor fails."""
        self.town.store.broken = RuntimeError("a mistake of ours")

    @rule(kindly=st.booleans())
    def restart(self, kindly: bool) -> None:
        """The server is ended, or killed, and started again."""
        if kindly:
            self.run(self.close())
        self.town.store.failing, self.town.store.broken = False, None
        self.town = self.run(self.crash())

    async def close(self) -> None:
        """End the server, in time."""
        closing = asyncio.create_task(self.town.supervisor.close())
        for _ in range(int(LONGEST)):
            await self.town.clock.advance(1)
        assert closing.done(), "the server's end hangs"
        assert all(ask.task.done() for ask in self.asks), "somebody is left waiting at the server's end"
        assert self.town.agents.alive == [], "a process is left at the server's end"

    async def crash(self) -> Town:
        """Kill the server and start it again."""
        for ask in self.asks:
            ask.orphaned = ask.orphaned or not ask.task.done()
        town = await self.town.crash()
        await town.start(CODEBASES)
        return town

    # --- what must always hold ----------------------------------------------------------------------------------------

    @invariant()
    def few_agents(self) -> None:
        """One process per codebase, and no more agents at work than allowed."""
        alive = [agent.codebase for agent in self.town.agents.alive]
        assert len(alive) == len(set(alive)), "two processes for one codebase"
        assert len(self.town.agents.at_work) <= self.town.slots.limit
        assert self.town.slots.busy <= self.town.slots.limit

    @invariant()
    def refusals_leave_no_trace(self) -> None:
        """Nothing of a refused command is in the log, and everything of an accepted one is, once."""
        ids = [m.message_id for m in self.recorded() if isinstance(m, e.MessageSent)]
        started = [s.session_id for s in self.recorded() if isinstance(s, e.SessionStarted)]
        created = [t.task_id for t in self.recorded() if isinstance(t, e.TaskCreated)]
        for ask in self.asks:
            if isinstance(ask.command, c.Trigger | c.SendMessage):
                count = ids.count(ask.command.message_id)
                assert count == 1 if ask.accepted else count <= (0 if ask.refused else 1)
            if isinstance(ask.command, c.CreateTask):
                count = created.count(ask.command.task_id)
                assert count == 1 if ask.accepted else count <= (0 if ask.refused else 1)
            if isinstance(ask.command, c.Trigger):
                assert started.count(ask.command.session_id) == ids.count(ask.command.message_id)

    @invariant()
    def the_log_is_true(self) -> None:
        """Every history holds, is numbered without a hole, and at rest is what its actor believes."""
        if hasattr(self, "town") and not self.moving():
            self.run_still(self.town.assert_truthful())

    @invariant()
    def nothing_is_swallowed(self) -> None:
        """No error goes unnoticed in the event loop."""
        assert self.unhandled == []

    def teardown(self) -> None:
        """In the end everybody has an answer, nothing runs that should not, and all room has come back."""
        try:
            if hasattr(self, "town"):
                self.town.store.failing, self.town.store.broken = False, None
                self.town.agents.temper.hangs_in_prompt = False
                self.run(self.come_to_rest())
                self.run(self.close())
        finally:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
                self.loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
            self.loop.close()

    async def come_to_rest(self) -> None:
        """Let everything under way be over, then stop what still works."""
        await self.town.clock.advance(LONGEST)
        assert [ask for ask in self.asks if not ask.task.done()] == [], "somebody waits for ever"
        for agent in self.town.agents.at_work:
            assert self.town.phase(agent.codebase) in BUSY, "an agent works for nobody"
        await self.town.assert_truthful()
        await self.cancel_what_waits()
        for _ in CODEBASES:
            for codebase in CODEBASES:
                stop = self.town.ask(codebase, c.Stop())
                await self.town.clock.advance(LONGEST)
                assert stop.done()
                stop.exception()
        assert self.town.agents.at_work == []
        assert self.town.slots.busy == self.town.slots.queued == 0, "room is lost"
        settled = {Phase.IDLE, Phase.INTERRUPTED, Phase.DELETED}
        assert all(actor.state.phase in settled for actor in self.town.actors.values())

    async def cancel_what_waits(self) -> None:
        """Empty the queues. With room and nobody in its way, no task may be found waiting."""
        for actor in self.town.actors.values():
            if actor.state.queue and actor.state.phase is Phase.IDLE:
                assert self.town.slots.busy == self.town.slots.limit, "a task waits beside a free room"
        for codebase in CODEBASES:
            for task in (await self.town.recorded_state(codebase)).queue:
                assert task.task_id is not None
                self.town.ask(codebase, c.CancelTask(task_id=task.task_id))
        await self.town.clock.advance(LONGEST)
        for codebase in CODEBASES:
            assert not (await self.town.recorded_state(codebase)).queue

    # --- inside -------------------------------------------------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the event loop until this is done."""
        return self.loop.run_until_complete(work)

    def spin(self, far: int | None) -> None:
        """Run the event loop some way."""

        async def go() -> None:
            if far is None:
                await settle()
            for _ in range(far or 0):
                await asyncio.sleep(0)

        self.run(go())

    def ask(self, codebase: CodebaseId, command: c.Command, far: int | None) -> None:
        """Ask for something, and wait only so far."""

        async def begin() -> asyncio.Task[Any]:
            return self.town.ask(codebase, command)

        self.asks.append(Ask(codebase, command, self.run(begin())))
        self.spin(far)

    def moving(self) -> bool:
        """Whether anything is under way, so that memory may be behind the log."""
        ready: Any = getattr(self.loop, "_ready", ())
        return len(ready) > 0

    def recorded(self) -> list[e.Event]:
        """All histories, one after another."""

        async def read() -> list[e.Event]:
            return [event for codebase in CODEBASES for event in await self.town.events(codebase)]

        return self.run_still(read()) if hasattr(self, "town") else []

    @staticmethod
    def run_still(work: Coroutine[Any, Any, T]) -> T:
        """Run what never waits, without letting anything else happen."""
        try:
            work.send(None)
        except StopIteration as done:
            result: T = done.value
            return result
        raise AssertionError("this waits")

    def _unhandled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.unhandled.append(context)


TestService = Service.TestCase
TestService.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
