"""The result of a command: events to record, effects to carry out, and when to answer the caller."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce

from .. import events as e
from ..errors import LedgerError
from ..ids import PermissionId
from .effects import Effect
from .lifecycle_rules import Phase
from .state import State, evolve


@dataclass(frozen=True)
class Decision:
    """What to record and do, and when the caller gets an answer.

    - `unanswered_while`: the caller waits while the phase is one of these (the agent has not aborted or stopped yet).
    - `answer_with`: the caller waits until this permission is settled, and gets an error if it is settled otherwise.
    - `refusal`: the caller gets this error although events are recorded: they record something else than was asked for.
    """

    events: tuple[e.Event, ...] = ()
    effects: tuple[Effect, ...] = ()
    unanswered_while: frozenset[Phase] = frozenset()
    refusal: LedgerError | None = None
    answer_with: PermissionId | None = None

    def asked_by(self, cause: e.Cause) -> "Decision":
        """The same decision on behalf of an earlier request: the events name it as their cause."""
        return replace(self, events=tuple(event.caused_by(cause) for event in self.events))


NOTHING = Decision()


def fold(state: State, events: Iterable[e.Event]) -> State:
    """The state after these events."""
    return reduce(evolve, events, state)
