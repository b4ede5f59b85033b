"""The codebase actor: the only writer of its codebase's stream.

Its loop takes six steps, always in this order: receive, decide, append, evolve, carry out, answer. What must
wait (the agent's process, timers, a store that fails) is outside the loop and comes back as envelopes.
"""

import asyncio
from collections.abc import Coroutine, Sequence as Many

import structlog

from ..domain.commands import Command, GrantRoom, ReplyPermission, Report, Retire, SendMessage, Trigger
from ..domain.decide import decide
from ..domain.decision import Decision, fold
from ..domain.errors import ActorStopped, LedgerError, StoreError, WrongExpectedVersion
from ..domain.events import Event
from ..domain.facts import Fact
from ..domain.ids import CodebaseId, PermissionId, Sequence
from ..domain.lifecycle import Phase
from ..domain.ports import Agent, AgentFactory, Clock, EventStore
from ..domain.state import INITIAL, State
from ..domain.wire import decode, encode
from .clock import timestamp
from .effects import EffectRunner
from .mailbox import Answer, Envelope, Mailbox
from .rooms import Rooms
from .settings import ActorSettings

log = structlog.get_logger()

PAGE = 1000
NEEDS_ROOM = (Trigger, SendMessage)


class CodebaseActor:
    """One codebase. `ask` from anywhere; `run` once, in a task that the supervisor owns."""

    def __init__(
        self,
        codebase: CodebaseId,
        *,
        store: EventStore,
        agents: AgentFactory,
        rooms: Rooms,
        clock: Clock,
        settings: ActorSettings,
    ) -> None:
        self.codebase = codebase
        self.state: State = INITIAL
        self.sequence = Sequence(0)
        self._store, self._agents, self._rooms, self._clock = store, agents, rooms, clock
        self._settings = settings
        self._mailbox = Mailbox()
        self._unanswered: list[tuple[Envelope, frozenset[Phase]]] = []
        self._outside: set[asyncio.Task[None]] = set()
        self._agent: Agent | None = None
        self._runner: EffectRunner | None = None
        self._rest: asyncio.Task[None] | None = None

    # --- for others ---------------------------------------------------------------------------------------------

    async def ask(self, command: Command) -> Answer:
        """Send a command and wait for its answer. Raises the refusal, or `ActorStopped` if the actor ends first."""
        envelope = Envelope(command)
        self._mailbox.put(envelope)
        return await envelope.reply

    def tell(self, command: Command) -> None:
        """Send a command and don't wait."""
        self._mailbox.put(Envelope(command))

    async def load(self) -> None:
        """Fold the state from the log."""
        self.sequence = await self._store.stream_head(self.codebase)
        after = Sequence(0)
        while page := await self._store.read_lifecycle(self.codebase, after, PAGE):
            self.state = fold(self.state, (decode(recorded) for recorded in page))
            after = page[-1].sequence

    async def run(self) -> None:
        """Work until cancelled; then refuse all that wait and leave no process behind."""
        try:
            while True:
                await self._handle(await self._mailbox.get())
        finally:
            await self._end()

    # --- the loop -----------------------------------------------------------------------------------------------

    async def _handle(self, envelope: Envelope) -> None:
        try:
            decision = await self._decide_and_append(envelope.command)
        except WrongExpectedVersion:
            envelope.fail(StoreError("Another writer changed this codebase's stream; try again."))
            raise
        except StoreError as error:
            self._postpone(envelope, error)
        except LedgerError as refusal:
            envelope.fail(refusal)
        except BaseException:
            envelope.fail(ActorStopped("The codebase's actor ended before this was done; try again."))
            raise
        else:
            if decision.effects:
                self._effects().submit(decision.effects)
            self._unanswered.append((envelope, decision.answer_after))
            self._answer_settled()

    async def _decide_and_append(self, command: Command) -> Decision:
        room = not isinstance(command, NEEDS_ROOM) or self._rooms.enter(self.codebase)
        try:
            decision = decide(self.state, command, timestamp(self._clock), room=room)
            await self._append(decision.events)
        finally:
            self._follow_room()
        return decision

    async def _append(self, events: Many[Event]) -> None:
        if events:
            recorded = await self._store.append(
                self.codebase, self.sequence, [encode(event) for event in events]
            )
            self.sequence = recorded[-1].sequence
            self.state = fold(self.state, events)

    def _postpone(self, envelope: Envelope, error: StoreError) -> None:
        """A caller can try again; what the agent reported can't be reported twice, so it is kept and tried again."""
        if not isinstance(envelope.command, Report):
            envelope.fail(error)
            return
        log.error("report not recorded yet", codebase=self.codebase, error=str(error))
        self._spawn(self._put_later(envelope))

    async def _put_later(self, envelope: Envelope) -> None:
        await self._clock.sleep(self._settings.store_retry)
        self._mailbox.put(envelope)

    def _answer_settled(self) -> None:
        answer = Answer(position=self._store.head, phase=self.state.phase)
        waiting = self._unanswered
        self._unanswered = [(e, phases) for e, phases in waiting if self.state.phase in phases]
        for envelope, phases in waiting:
            if self.state.phase not in phases:
                envelope.answer(answer)

    # --- room, and rest -----------------------------------------------------------------------------------------

    def _follow_room(self) -> None:
        """Make the room that is taken agree with the phase, whatever was decided."""
        if self.state.occupies_room:
            self._stay_awake()
        elif self.state.phase is Phase.WAITING:
            self._rooms.wait(self.codebase, lambda: self.tell(GrantRoom()))
        else:
            self._rooms.leave(self.codebase)
            self._rest_if_warm()

    def _rest_if_warm(self) -> None:
        if self._agent is None or not self._agent.alive:
            self._stay_awake()
        elif self._rest is None:
            self._rest = self._spawn(self._retire_later())
            self._rooms.rests(self.codebase, lambda: self.tell(Retire()))

    def _stay_awake(self) -> None:
        self._rooms.gone(self.codebase)
        if self._rest:
            self._rest.cancel()
            self._rest = None

    async def _retire_later(self) -> None:
        await self._clock.sleep(self._settings.idle_limit)
        self.tell(Retire())

    # --- the agent ----------------------------------------------------------------------------------------------

    def _effects(self) -> EffectRunner:
        if self._runner is None:
            state = self.state
            assert state.codebase is not None  # effects come only of a registered codebase
            self._agent = self._agents(
                self.codebase,
                state.codebase.path,
                trusted=state.codebase.agent_config.get("trusted") is True,
                deliver=self._deliver,
            )
            self._runner = EffectRunner(
                self._agent, self._deliver, self._expire, self._clock, self._settings.permission_limit
            )
            self._spawn(self._runner.run())
        return self._runner

    async def _deliver(self, facts: tuple[Fact, ...]) -> None:
        await self.ask(Report(facts))

    def _expire(self, permission: PermissionId) -> None:
        self.tell(ReplyPermission(permission_id=permission, reply="reject", decided_by="timeout"))

    # --- the end ------------------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._outside.add(task)
        task.add_done_callback(self._outside.discard)
        return task

    async def _end(self) -> None:
        self._mailbox.close()
        for envelope, _ in self._unanswered:
            envelope.fail(ActorStopped("The codebase's actor ended before this was done; try again."))
        self._rooms.leave(self.codebase)
        self._rooms.gone(self.codebase)
        for task in list(self._outside):
            task.cancel()
        await asyncio.gather(*self._outside, return_exceptions=True)
        if self._agent:
            await self._agent.stop()
