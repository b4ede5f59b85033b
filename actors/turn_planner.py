"""What the commands of one turn lead to: decided one after another, recorded with one commit.

Most turns have one command. Tasks that wait in the mailbox together share a turn, because clients that queue many
tasks of one codebase would otherwise wait for one commit each.
"""

from collections.abc import Sequence as Many
from typing import Final, NamedTuple

from ..domain.codebase import commands as c
from ..domain.codebase.decide import decide
from ..domain.codebase.decision import NOTHING, Decision, fold
from ..domain.codebase.state import State
from ..domain.errors import LedgerError
from ..domain.events import Event
from ..domain.ids import Timestamp
from ..domain.ports import Clock
from ..domain.secrets.masked_records import masked_command
from ..domain.secrets.masker import Secrets
from .clock import timestamp
from .mailbox import Envelope
from .slots.occupancy import SlotOccupancy

MOST: Final = 32
"""Tasks that are queued with one commit, besides the first."""


class Planned(NamedTuple):
    """A command that was decided, and what is to be recorded of it."""

    envelope: Envelope
    decision: Decision
    events: tuple[Event, ...]


class TurnPlanner:
    """Decides for one actor. Masks each command first, and finds out whether its agent has a slot."""

    def __init__(self, clock: Clock, secrets: Secrets, occupancy: SlotOccupancy) -> None:
        self._clock, self._secrets, self._occupancy = clock, secrets, occupancy
        self._fresh = True

    def plan(self, state: State, envelopes: Many[Envelope]) -> list[Planned]:
        """Decide each command as if those before it were recorded already. Refused ones are answered here."""
        planned: list[Planned] = []
        for envelope in envelopes:
            try:
                one = self._planned(state, envelope)
            except LedgerError as refusal:
                envelope.fail(refusal)
                continue
            planned.append(one)
            if len(envelopes) > 1:
                state = fold(state, one.events)
        return planned

    def _planned(self, state: State, envelope: Envelope) -> Planned:
        fresh, self._fresh = self._fresh, False
        if self._has_no_meaning(envelope.command, fresh=fresh):
            return Planned(envelope, NOTHING, ())
        command = masked_command(envelope.command, self._secrets.masker)
        has_slot = self._occupancy.claim(command)
        at = timestamp(self._clock)
        decision = decide(state, command, at, has_slot=has_slot)
        return Planned(envelope, decision, _requested(envelope, decision, at))

    def _has_no_meaning(self, command: c.Command, *, fresh: bool) -> bool:
        """Whether this comes too late: a grant of a slot that was given back, or a recovery of what runs by now."""
        return (isinstance(command, c.Recover) and not fresh) or self._occupancy.is_outdated(command)


def _requested(envelope: Envelope, decision: Decision, at: Timestamp) -> tuple[Event, ...]:
    """The decided events in the name of the request they came with, and its answer if that is known by now."""
    request = envelope.request
    if request is None or decision.refusal:
        return decision.events
    return request.name(decision.events) if decision.answer_with else request.mark(decision.events, at)
