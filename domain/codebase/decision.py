"""What comes of a command: events to record, effects to carry out, and when to answer."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

from .. import events as e
from ..errors import LedgerError
from ..ids import PermissionId
from .effects import Effect
from .lifecycle import Phase
from .state import State, evolve


@dataclass(frozen=True)
class Decision:
    """`unanswered_while`: the caller is answered once the phase is none of these (the agent has let go, or is gone).

    `answer_with`: the caller is answered once this is settled: as wished, or refused where it was settled otherwise.

    `refusal`: what the caller is told though something is recorded: not what was asked for, but what became of it.
    """

    events: tuple[e.Event, ...] = ()
    effects: tuple[Effect, ...] = ()
    unanswered_while: frozenset[Phase] = frozenset()
    refusal: LedgerError | None = None
    answer_with: PermissionId | None = None

    def asked_by(self, correlation_id: str | None) -> "Decision":
        """The same on behalf of the request that asked for it earlier: its events carry that request's name."""
        return replace(self, events=tuple(replace(event, correlation_id=correlation_id) for event in self.events))


NOTHING = Decision()


def fold(state: State, events: Iterable[e.Event]) -> State:
    """The state after these events."""
    return reduce(evolve, events, state)
