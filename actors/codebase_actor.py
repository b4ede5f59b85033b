"""The codebase actor: the only writer of its codebase's stream.

Its loop takes six steps, always in this order: receive, decide, append, evolve, carry out, answer. What must
wait (the agent's process, timers, a store that fails) is outside the loop and comes back as envelopes.
"""

import asyncio
from collections.abc import Sequence as Many
from itertools import islice

from ..domain.codebase import commands as c
from ..domain.codebase.decision import fold
from ..domain.codebase.hindrance import Hindered, nothing_hinders
from ..domain.codebase.imported import Synced
from ..domain.codebase.lifecycle_rules import Phase, check_present
from ..domain.codebase.requests import Request
from ..domain.codebase.state import INITIAL, State
from ..domain.errors import ActorStopped, LedgerError, StoreError, WrongExpectedVersion
from ..domain.events import Event
from ..domain.ids import CodebaseId, Timestamp
from ..domain.ports import AgentFactory, Clock, EventStore, Histories
from ..domain.secrets.masker import Secrets
from .agent_driver import AgentDriver
from .background import Background
from .codebase_stream import CodebaseStream
from .importer import Importer
from .mailbox import Answer, Envelope, Mailbox
from .settings import ActorSettings
from .slots.agent_slots import AgentSlots
from .slots.occupancy import SlotOccupancy
from .slots.pause import Pause
from .slots.start_check import StartCheck
from .slots.warmth import Warmth
from .turn_planner import MOST, Planned, TurnPlanner
from .unrecorded_reports import UnrecordedReports
from .waiting_callers import WaitingCallers
from .whole_outputs import OutputKeeper

ENDED = "The codebase's actor ended before this was done; try again."
CONTESTED = "Another writer changed this codebase's stream; try again."

ENDING = c.Shutdown | c.Report | c.NoteRefusedAccess  # all that still happens once the server ends


class CodebaseActor:
    """One codebase. `ask` from anywhere; `run` once, in a task that the supervisor owns."""

    def __init__(
        self,
        codebase: CodebaseId,
        *,
        store: EventStore,
        agents: AgentFactory,
        histories: Histories,
        slots: AgentSlots,
        clock: Clock,
        settings: ActorSettings,
        secrets: Secrets | None = None,
        hindered: Hindered = nothing_hinders,
        outputs: OutputKeeper | None = None,
    ) -> None:
        def state() -> State:
            return self.state

        def running() -> bool:
            return self.state.phase is Phase.RUNNING

        secrets = secrets or Secrets()
        self.codebase = codebase
        self.state: State = INITIAL
        self._stream = CodebaseStream(codebase, store, secrets)
        self._mailbox = mailbox = Mailbox()
        self._background = background = Background()
        self._callers = WaitingCallers()
        self._importer = Importer(codebase, histories, state, outputs)
        self._agent = AgentDriver(codebase, agents, state, mailbox, background, clock, settings, outputs)
        self._unrecorded = UnrecordedReports(codebase, running, mailbox, self._agent, background, clock, settings)
        self._occupancy = SlotOccupancy(
            codebase,
            slots,
            state,
            self._agent,
            StartCheck(codebase, hindered, state, mailbox, background),
            Pause(clock, background, lambda: mailbox.send(c.LookAgain())),
            Warmth(codebase, slots, clock, background, settings.idle_limit, lambda: mailbox.send(c.Retire())),
        )
        self._planner = TurnPlanner(clock, secrets, self._occupancy)
        self._closing = False

    # --- for others ---------------------------------------------------------------------------------------------

    async def ask(self, command: c.Command, request: Request | None = None) -> Answer:
        """Send a command and wait for its answer. Raises the refusal, or `ActorStopped` if the actor ends first."""
        envelope = Envelope(command, request=request)
        self._mailbox.put(envelope)
        return await envelope.reply

    def send(self, command: c.Command) -> None:
        """Send a command without waiting. It is not lost if the store fails."""
        self._mailbox.send(command)

    @property
    def next_try(self) -> Timestamp | None:
        """When waiting work is tried again that backs off or could not start; None if there is no such work."""
        return self._occupancy.next_try

    async def sync(self, request: Request | None) -> Synced:
        """Record what others did in the directory, and return what that was. Raises `LedgerError`."""
        check_present(self.state.phase)
        assert self.state.codebase is not None  # one that is present was registered

        async def record(command: c.ImportSession) -> int:
            return (await self.ask(command, request)).recorded

        return await self._importer.sync(self.state.codebase.path, record)

    async def load(self) -> None:
        """Fold the state from the log."""
        self.state = await self._stream.load()

    async def run(self) -> None:
        """Work until cancelled, or the codebase is deleted; then refuse all that wait and leave no process behind."""
        try:
            self._occupancy.follow()  # work that waits in the log needs no command to begin
            while self.state.phase is not Phase.DELETED:
                await self._take_turn()
        finally:
            ending = asyncio.ensure_future(self._end())
            try:
                await asyncio.shield(ending)
            except asyncio.CancelledError:
                await ending  # the server's end must not cut short the end of an actor that failed just before
                raise

    # --- the loop -----------------------------------------------------------------------------------------------

    async def _take_turn(self) -> None:
        envelopes = await self._receive()
        try:
            with self._occupancy.following():
                planned = self._decide(envelopes)
                recorded = await self._append(planned)
                self._evolve(planned, recorded)
        except BaseException as error:
            self._fail(envelopes, error)
            return
        self._carry_out(planned)
        self._answer(planned)

    async def _receive(self) -> list[Envelope]:
        """The next command. A task to queue brings along the ones right behind it, which share its commit."""
        while True:
            envelope = await self._mailbox.get()
            if isinstance(envelope.command, c.Shutdown):
                self._closing = True
                self._occupancy.close()
            if self._closing and not isinstance(envelope.command, ENDING):
                envelope.fail(ActorStopped())
            elif isinstance(envelope.command, c.CreateTask):
                return [envelope, *self._mailbox.more(c.CreateTask, MOST)]
            elif not self._unrecorded.postpones(envelope):
                return [envelope]

    def _decide(self, envelopes: Many[Envelope]) -> list[Planned]:
        planned = self._planner.plan(self.state, envelopes)
        return [one._replace(events=self._callers.with_answers(one.events)) for one in planned]

    async def _append(self, planned: Many[Planned]) -> list[Event]:
        if events := [event for one in planned for event in one.events]:
            recorded = await self._stream.append(events)
            self._unrecorded.recovered()
            return recorded
        return []

    def _evolve(self, planned: Many[Planned], recorded: Many[Event]) -> None:
        self.state = fold(self.state, recorded)
        self._agent.trust()
        self._callers.learn(recorded)
        rest = iter(recorded)
        for envelope, decision, events in planned:
            ours = list(islice(rest, len(events)))
            if envelope.request and not decision.refusal and not decision.answer_with:
                envelope.content = envelope.request.answer(ours)
            self._occupancy.note(envelope.command, decision)

    def _carry_out(self, planned: Many[Planned]) -> None:
        for one in planned:
            if one.decision.effects:
                self._agent.submit(one.decision.effects)

    def _answer(self, planned: Many[Planned]) -> None:
        for envelope, decision, _ in planned:
            if decision.refusal:
                envelope.fail(decision.refusal)
            self._callers.add(envelope, decision)
        self._callers.answer(self._stream.head, self.state.phase)

    def _fail(self, envelopes: Many[Envelope], error: BaseException) -> None:
        """Refuse what could not be done. Raises the error again if the actor can't go on after it."""
        for envelope in envelopes:
            match error:
                case WrongExpectedVersion():
                    envelope.fail(StoreError(CONTESTED))
                case StoreError():
                    self._unrecorded.refuse_or_postpone(envelope, error)
                case LedgerError():
                    envelope.fail(error)
                case _:
                    envelope.fail(ActorStopped(ENDED))
        if isinstance(error, WrongExpectedVersion) or not isinstance(error, LedgerError):
            raise error

    async def _end(self) -> None:
        self._mailbox.close()
        self._callers.fail(ActorStopped(ENDED))
        try:
            await asyncio.gather(self._importer.close(), *self._background.cancel(), return_exceptions=True)
            await self._agent.stop()
        finally:
            self._occupancy.release()  # last, because the agent may have been at work until here
