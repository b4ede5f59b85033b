"""The codebase actor: the only writer of its codebase's stream.

Its loop takes six steps, always in this order: receive, decide, append, evolve, carry out, answer. What must
wait (the agent's process, timers, a store that fails) is outside the loop and comes back as envelopes.
"""

import asyncio
from collections.abc import Coroutine
from collections.abc import Sequence as Many
from itertools import islice

import structlog

from ..domain.codebase import commands as c
from ..domain.codebase.backoff import rest_after
from ..domain.codebase.decide import decide
from ..domain.codebase.decision import NOTHING, Decision, fold
from ..domain.codebase.effects import StopAgent
from ..domain.codebase.facts import AgentDied, AgentStopped, Fact
from ..domain.codebase.hindrance import Hindered, nothing_hinders
from ..domain.codebase.imported import Synced
from ..domain.codebase.lifecycle import Phase, check_present, outcome
from ..domain.codebase.requests import Request
from ..domain.codebase.state import INITIAL, State
from ..domain.errors import ActorStopped, LedgerError, StoreError, WrongExpectedVersion
from ..domain.events import CodebaseRegistered, Event
from ..domain.events.imported import is_long
from ..domain.events.recorded import NewEvent
from ..domain.events.wire import changes_state, decode, encode
from ..domain.ids import CodebaseId, PermissionId, Sequence, Timestamp
from ..domain.ports import Agent, AgentFactory, Clock, EventStore, Histories
from ..domain.secrets.masked_records import EventMasker, masked_command
from ..domain.secrets.masker import Secrets
from . import task_batches
from .agent_slots import Rooms
from .clock import timestamp
from .effect_runner import EffectRunner
from .importer import Importer
from .mailbox import Answer, Envelope, Mailbox
from .pause import Pause
from .settings import ActorSettings
from .waiting_callers import WaitingCallers
from .warmth import Warmth
from .whole_outputs import OutputKeeper

log = structlog.get_logger()

PAGE = 1000
ENDED = "The codebase's actor ended before this was done; try again."


class CodebaseActor:
    """One codebase. `ask` from anywhere; `run` once, in a task that the supervisor owns."""

    def __init__(
        self,
        codebase: CodebaseId,
        *,
        store: EventStore,
        agents: AgentFactory,
        histories: Histories,
        rooms: Rooms,
        clock: Clock,
        settings: ActorSettings,
        secrets: Secrets | None = None,
        hindered: Hindered = nothing_hinders,
        outputs: OutputKeeper | None = None,
    ) -> None:
        self.codebase = codebase
        self.state: State = INITIAL
        self.sequence = Sequence(0)
        self._store, self._agents, self._rooms, self._clock = store, agents, rooms, clock
        self._settings, self._hindered = settings, hindered
        self._secrets = secrets or Secrets()
        self._outputs = outputs
        self._masker = EventMasker(self._secrets)
        self._mailbox = Mailbox()
        self._importer = Importer(codebase, histories, lambda: self.state)
        self._callers = WaitingCallers()
        self._outside: set[asyncio.Task[None]] = set()
        self._agent: Agent | None = None
        self._runner: EffectRunner | None = None
        self._pause = Pause(clock, self._spawn, lambda: self.tell(c.LookAgain()))
        self._warmth = Warmth(codebase, rooms, clock, self._spawn, settings.idle_limit, lambda: self.tell(c.Retire()))
        self._postponed: list[Envelope] = []
        self._failing_since: float | None = None
        self._ending_unrecorded = False
        self._held_as: CodebaseRegistered | None = None
        self._fresh = True
        self._letting_go = False
        self._closing = False

    # --- for others ---------------------------------------------------------------------------------------------

    async def ask(self, command: c.Command, request: Request | None = None) -> Answer:
        """Send a command and wait for its answer. Raises the refusal, or `ActorStopped` if the actor ends first."""
        envelope = Envelope(command, request=request)
        self._mailbox.put(envelope)
        return await envelope.reply

    def tell(self, command: c.Command) -> None:
        """Send a command and don't wait; it is not lost where the store fails."""
        self._mailbox.put(Envelope(command, lasting=True))

    @property
    def next_try(self) -> Timestamp | None:
        """When it is looked again whether what waits can start, where that rests or could not start."""
        return self._pause.until if self.state.wants_room else None

    async def sync(self, request: Request | None) -> Synced:
        """Record what others did in the directory, and say what that was. Raises `LedgerError`."""
        check_present(self.state.phase)
        assert self.state.codebase is not None  # one that is present was registered

        async def record(command: c.ImportSession) -> int:
            return (await self.ask(command, request)).recorded

        return await self._importer.sync(self.state.codebase.path, record)

    async def load(self) -> None:
        """Fold the state from the log."""
        self.sequence = await self._store.stream_head(self.codebase)
        after = Sequence(0)
        while page := await self._store.read_lifecycle(self.codebase, after, PAGE):
            self.state = fold(self.state, (decode(recorded) for recorded in page))
            after = page[-1].sequence

    async def run(self) -> None:
        """Work until cancelled, or the codebase is deleted; then refuse all that wait and leave no process behind."""
        try:
            self._follow_room(worked=False)  # work that waits in the log needs no command to be begun
            while self.state.phase is not Phase.DELETED:
                envelope = await self._mailbox.get()
                together_with = isinstance(envelope.command, c.CreateTask) and not self._closing
                more = self._mailbox.more(c.CreateTask, task_batches.MOST) if together_with else []
                await (self._create([envelope, *more]) if more else self._handle(envelope))
        finally:
            ending = asyncio.ensure_future(self._end())
            try:
                await asyncio.shield(ending)
            except asyncio.CancelledError:
                await ending  # the server's end must not cut short the end of an actor that failed just before
                raise

    # --- the loop -----------------------------------------------------------------------------------------------

    async def _handle(self, envelope: Envelope) -> None:
        # After a shutdown only what ends may still happen: nothing that waited here starts an agent.
        self._closing = self._closing or isinstance(envelope.command, c.Shutdown)
        if self._closing and not isinstance(envelope.command, c.Shutdown | c.Report | c.NoteRefusedAccess):
            envelope.fail(ActorStopped())
            return
        if self._postponed and isinstance(envelope.command, c.Report):
            self._postponed.append(envelope)  # what an agent says stays in its order
            return
        try:
            decision = await self._decide_and_append(envelope)
        except BaseException as error:
            self._fail([envelope], error)
            return
        if decision.refusal:
            envelope.fail(decision.refusal)
        self._callers.add(envelope, decision)
        if decision.effects:
            self._effects().submit(decision.effects)
        self._callers.answer(self._store.head, self.state.phase)

    async def _create(self, envelopes: Many[Envelope]) -> None:
        """Queue tasks with one commit; each is decided and answered as if it had come alone."""
        planned = task_batches.plan(self.state, envelopes, timestamp(self._clock), self._secrets)
        worked = self.state.occupies_room or self._letting_go
        try:
            recorded = iter(await self._append([event for one in planned for event in one.events]))
        except BaseException as error:
            self._fail([one.envelope for one in planned], error)
            return
        finally:
            self._follow_room(worked=worked)
        for envelope, decision, events in planned:
            ours = list(islice(recorded, len(events)))
            envelope.content = envelope.request.answer(ours) if envelope.request else None
            self._callers.add(envelope, decision)
        self._callers.answer(self._store.head, self.state.phase)

    def _fail(self, envelopes: Many[Envelope], error: BaseException) -> None:
        """Refuse what could not be done, and raise again what the actor can't go on after."""
        for envelope in envelopes:
            match error:
                case WrongExpectedVersion():
                    envelope.fail(StoreError("Another writer changed this codebase's stream; try again."))
                case StoreError():
                    self._refuse_or_postpone(envelope, error)
                case LedgerError():
                    envelope.fail(error)
                case _:
                    envelope.fail(ActorStopped(ENDED))
        if isinstance(error, WrongExpectedVersion) or not isinstance(error, LedgerError):
            raise error

    async def _decide_and_append(self, envelope: Envelope) -> Decision:
        command = envelope.command
        if isinstance(command, c.Recover) and not self._fresh:
            return NOTHING  # what runs by now was started by this actor, and was not cut off
        self._fresh = False
        command = masked_command(command, self._secrets.masker)
        if isinstance(command, c.GrantRoom) and (self._letting_go or not self._rooms.holds(self.codebase)):
            self._follow_room(worked=False)  # the room was given back while this notice waited
            return NOTHING
        room = not self._would_start(command) or self._rooms.enter(self.codebase)
        worked = self.state.occupies_room or self._letting_go
        if isinstance(command, c.GrantRoom) and command.hindrance and self.state.wants_room:
            self._pause.hold()
            self._held_as = self.state.codebase
        try:
            decision = decide(self.state, command, at := timestamp(self._clock), room=room)
            if envelope.request is None or decision.refusal:
                await self._append(decision.events)
            elif decision.answer_with:
                await self._append(envelope.request.name(decision.events))
            else:
                recorded = await self._append(envelope.request.mark(decision.events, at))
                envelope.content = envelope.request.answer(recorded)
            self._letting_go = self._is_letting_go(command, decision, worked=worked)
        finally:
            self._follow_room(worked=worked)
        return decision

    def _encoded(self, events: Many[Event]) -> list[NewEvent]:
        return [encode(self._masker.mask(event)) for event in events]

    async def _append(self, events: Many[Event]) -> list[Event]:
        """Record and fold; the events as they were recorded, but for those that only tell what was said."""
        if not events:
            return []
        # The only way into the log: whatever an event was made of, no secret gets past here.
        events = self._callers.with_answers(events)
        new = await asyncio.to_thread(self._encoded, events) if is_long(events) else self._encoded(events)
        recorded = await self._store.append(self.codebase, self.sequence, new)
        self.sequence = recorded[-1].sequence
        self._failing_since, self._ending_unrecorded = None, False
        # What was recorded rules, not what was meant: the bytes may hold less than the objects did.
        decoded = [decode(r) for r in recorded if changes_state(r)]
        self.state = fold(self.state, decoded)
        self._callers.learn(decoded)
        return decoded

    def _refuse_or_postpone(self, envelope: Envelope, error: StoreError) -> None:
        """A caller can try again; what nobody would send twice is kept and tried again."""
        if isinstance(envelope.command, c.Recover):
            # Nothing else may happen before the recovery, so the whole actor starts again, and that with it.
            envelope.fail(error)
            raise error
        if not envelope.lasting:
            envelope.fail(error)
            if isinstance(envelope.command, c.Interrupt | c.Stop | c.Delete):
                self._end_unrecorded("It was ended on request; the request could not be recorded.")
            return
        log.error("not recorded yet", command=type(envelope.command).__name__, codebase=self.codebase, error=str(error))
        now = self._clock.monotonic()
        self._failing_since = now if self._failing_since is None else self._failing_since
        if now - self._failing_since > self._settings.unrecorded_limit:
            self._end_unrecorded("It was ended, since what it did could not be recorded.")
        self._postponed.append(envelope)
        if len(self._postponed) == 1:
            self._spawn(self._put_later())

    async def _put_later(self) -> None:
        try:
            await self._clock.sleep(self._settings.store_retry)
        finally:
            postponed, self._postponed = self._postponed, []
            for envelope in postponed:
                self._mailbox.put(envelope)  # also when the actor ends meanwhile: the closed mailbox answers it

    def _end_unrecorded(self, why: str) -> None:
        """End a running agent at once; that is recorded when it can be, after what the agent had said before."""
        if self._ending_unrecorded or self.state.phase is not Phase.RUNNING:
            return
        self._ending_unrecorded = True
        self._effects().submit((StopAgent(),))
        self.tell(c.Report((AgentDied(reason=why),), self._settings.permission_limit))

    # --- room, and rest -----------------------------------------------------------------------------------------

    def _would_start(self, command: c.Command) -> bool:
        """Whether this command sets an agent to work that is not at work now."""
        if self.state.occupies_room or not isinstance(command, c.Trigger | c.SendMessage):
            return False
        return outcome(self.state.phase, type(command)) is Phase.RUNNING

    def _is_letting_go(self, command: c.Command, decision: Decision, *, worked: bool) -> bool:
        """Whether an agent whose run was given up is still there: it is at work until then, whatever the phase says."""
        if isinstance(command, c.Report) and any(isinstance(fact, AgentStopped) for fact in command.facts):
            return False
        return self._letting_go or (worked and any(isinstance(effect, StopAgent) for effect in decision.effects))

    def _follow_room(self, *, worked: bool) -> None:
        """Make the room that is taken agree with the phase, whatever was decided; `worked`: the agent was at work."""
        if self.state.occupies_room or self._letting_go:
            self._pause.end()
            self._warmth.ends()
            return
        wanted = self.state.wants_room and not self._closing
        if worked:
            self._pause.rest(rest_after(self.state.failures))
        elif self._pause.lasts and (self._is_triggered if self._pause.is_rest else not wanted or self._is_changed):
            self._pause.end()
        if worked or not wanted or self._pause.lasts:
            self._rooms.leave(self.codebase)  # one piece of work at a time: then it is the others' turn
        if wanted and not self._pause.lasts:
            self._rooms.wait(self.codebase, self._look)
        if not self._rooms.holds(self.codebase):
            self._rest_if_warm()

    @property
    def _is_triggered(self) -> bool:
        """Whether a person's own session waits: only the queue rests after failures."""
        return self.state.phase is Phase.WAITING

    @property
    def _is_changed(self) -> bool:
        """Whether the codebase was changed since its work could not start: that is worth a look at once."""
        return self.state.codebase is not self._held_as

    def _look(self) -> None:
        if not self._mailbox.closed:
            self._spawn(self._look_and_grant())

    async def _look_and_grant(self) -> None:
        """There is room: look, outside the loop, whether the agent can use it."""
        hindrance = None
        if (codebase := self.state.codebase) is not None:
            try:
                hindrance = await self._hindered(codebase)
            except Exception:
                log.exception("it can't be looked whether an agent can start", codebase=self.codebase)
        self.tell(c.GrantRoom(hindrance))

    def _rest_if_warm(self) -> None:
        if self._agent is not None and self._agent.alive:
            self._warmth.rests()
        else:
            self._warmth.ends()

    # --- the agent ----------------------------------------------------------------------------------------------

    def _effects(self) -> EffectRunner:
        if self._runner is None:
            state = self.state
            assert state.codebase is not None  # effects come only of a registered codebase
            self._agent = self._agents(
                self.codebase,
                state.codebase.path,
                trusted=state.trusted,
                deliver=self._deliver,
            )
            self._runner = EffectRunner(
                self._agent, self._deliver, self._expire, self._clock, self._settings.permission_limit
            )
            self._spawn(self._runner.run())
        if self._agent is not None:
            self._agent.trust(self.state.trusted)
        return self._runner

    async def _deliver(self, facts: tuple[Fact, ...]) -> bool:
        if self._outputs is not None:
            facts = await self._outputs.kept(self.codebase, facts, lambda: self.state.phase is Phase.RUNNING)
        envelope = Envelope(c.Report(facts, self._settings.permission_limit), lasting=True)
        self._mailbox.put(envelope)
        return (await envelope.reply).phase is Phase.RUNNING

    def _expire(self, permission: PermissionId) -> None:
        self.tell(c.ReplyPermission(permission_id=permission, reply="reject", decided_by="timeout"))

    # --- the end ------------------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._outside.add(task)
        task.add_done_callback(self._outside.discard)
        return task

    async def _end(self) -> None:
        self._mailbox.close()
        self._callers.fail(ActorStopped(ENDED))
        try:
            for task in list(self._outside):
                task.cancel()
            await asyncio.gather(self._importer.close(), *self._outside, return_exceptions=True)
            if self._agent:
                await self._agent.stop()
        finally:
            # Room is given back last, for until here the agent may have been at work.
            self._rooms.leave(self.codebase)
            self._rooms.gone(self.codebase)
