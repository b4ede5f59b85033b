"""The slot of one codebase: taken, waited for and given back as its phase demands.

A codebase keeps its slot while its agent is at work. That includes an agent whose run was given up, until it has
stopped. Between two pieces of work the slot goes to the others.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from ...domain.codebase import commands as c
from ...domain.codebase.backoff import backoff_after
from ...domain.codebase.decision import Decision
from ...domain.codebase.effects import StopAgent
from ...domain.codebase.facts import AgentStopped
from ...domain.codebase.lifecycle_rules import Phase, outcome
from ...domain.codebase.state import State
from ...domain.events import CodebaseRegistered
from ...domain.ids import CodebaseId, Timestamp
from ..agent_driver import AgentDriver
from .agent_slots import AgentSlots
from .pause import Pause
from .start_check import StartCheck
from .warmth import Warmth


class SlotOccupancy:
    """What one codebase does with its slot. `state`: returns the actor's current state."""

    def __init__(
        self,
        codebase: CodebaseId,
        slots: AgentSlots,
        state: Callable[[], State],
        agent: AgentDriver,
        check: StartCheck,
        pause: Pause,
        warmth: Warmth,
    ) -> None:
        self._codebase, self._slots, self._state, self._agent = codebase, slots, state, agent
        self._check, self._pause, self._warmth = check, pause, warmth
        self._held_as: CodebaseRegistered | None = None
        self._was_at_work = False
        self._aborting = False
        self._closing = False

    @property
    def next_try(self) -> Timestamp | None:
        """When the pause ends and waiting work is tried again. None if nothing waits or there is no pause."""
        return self._pause.until if self._state().wants_slot else None

    def close(self) -> None:
        """The server ends: from now on nothing waits for a slot."""
        self._closing = True

    def release(self) -> None:
        """The actor has ended: give the slot back, and keep no process warm."""
        self._slots.leave(self._codebase)
        self._slots.gone(self._codebase)

    # --- before the decision ------------------------------------------------------------------------------------

    def is_outdated(self, command: c.Command) -> bool:
        """Whether this is a grant of a slot that was given back while the notice waited in the mailbox."""
        return isinstance(command, c.GrantSlot) and (self._aborting or not self._slots.holds(self._codebase))

    def claim(self, command: c.Command) -> bool:
        """Take a slot if the command sets an idle agent to work. Returns whether the agent may run."""
        if isinstance(command, c.GrantSlot) and command.hindrance and self._state().wants_slot:
            self._pause.hold()
            self._held_as = self._state().codebase
        return not self._would_start(command) or self._slots.enter(self._codebase)

    # --- after it -----------------------------------------------------------------------------------------------

    @contextmanager
    def following(self) -> Generator[None]:
        """For one turn of the actor: at its end, also after an error, the slot agrees with the phase."""
        self._was_at_work = self._is_at_work
        try:
            yield
        finally:
            self.follow(worked=self._was_at_work)

    def note(self, command: c.Command, decision: Decision) -> None:
        """Remember whether an abort is under way: the agent is at work until it has stopped, in whatever phase."""
        if isinstance(command, c.Report) and any(isinstance(fact, AgentStopped) for fact in command.facts):
            self._aborting = False
        elif self._was_at_work and any(isinstance(effect, StopAgent) for effect in decision.effects):
            self._aborting = True

    def follow(self, *, worked: bool = False) -> None:
        """Make the slot agree with the phase. `worked`: the agent was at work until now."""
        if self._is_at_work:
            self._pause.end()
            self._warmth.ends()
            return
        wanted = self._state().wants_slot and not self._closing
        if worked:
            self._pause.back_off(backoff_after(self._state().failures))
        elif self._is_pause_over(wanted=wanted):
            self._pause.end()
        if worked or not wanted or self._pause.lasts:
            self._slots.leave(self._codebase)  # one piece of work at a time: then it is the others' turn
        if wanted and not self._pause.lasts:
            self._slots.wait(self._codebase, self._check.begin)
        if not self._slots.holds(self._codebase):
            self._keep_warm()

    @property
    def _is_at_work(self) -> bool:
        return self._state().occupies_slot or self._aborting

    def _would_start(self, command: c.Command) -> bool:
        """Whether this command sets an agent to work that is not at work now."""
        state = self._state()
        if state.occupies_slot or not isinstance(command, c.Trigger | c.SendMessage):
            return False
        return outcome(state.phase, type(command)) is Phase.RUNNING

    def _is_pause_over(self, *, wanted: bool) -> bool:
        if not self._pause.lasts:
            return False
        if self._pause.is_backoff:
            return self._state().phase is Phase.WAITING  # a person's own session never backs off, only the queue
        # A change of the codebase may have removed the hindrance, so that is worth a try at once.
        return not wanted or self._state().codebase is not self._held_as

    def _keep_warm(self) -> None:
        if self._agent.alive:
            self._warmth.begins()
        else:
            self._warmth.ends()
