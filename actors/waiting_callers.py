"""Callers whose command was recorded and who are answered later: when a halt is over, or a permission is settled."""

from collections.abc import Sequence as Many

from ..domain.codebase.commands import ReplyPermission
from ..domain.codebase.decision import Decision
from ..domain.codebase.lifecycle_rules import Phase
from ..domain.errors import PermissionNotFound
from ..domain.events import Event, PermissionReplied
from ..domain.events.requests import RequestAnswered
from ..domain.ids import PermissionId, Position
from .mailbox import Answer, Envelope


class WaitingCallers:
    """The envelopes of one actor that wait for their answers."""

    def __init__(self) -> None:
        self._halting: list[tuple[Envelope, Decision]] = []
        self._replying: dict[PermissionId, Envelope] = {}

    def add(self, envelope: Envelope, decision: Decision) -> None:
        """Keep this envelope until its decision allows the answer."""
        if decision.answer_with is None:
            self._halting.append((envelope, decision))
        else:
            self._replying[decision.answer_with] = envelope

    def with_answers(self, events: Many[Event]) -> tuple[Event, ...]:
        """The events to record, with the answer to its request after each reply that the agent took."""
        complete: list[Event] = []
        for event in events:
            complete.append(event)
            envelope = self._replying.get(event.permission_id) if isinstance(event, PermissionReplied) else None
            if envelope and envelope.request and _is_taken(envelope, event):
                complete += envelope.request.answered((event,), event.timestamp)
        return tuple(complete)

    def learn(self, recorded: Many[Event]) -> None:
        """Learn what was recorded. A caller whose reply the agent did not take is refused."""
        for event in recorded:
            if not isinstance(event, PermissionReplied):
                continue
            if (envelope := self._replying.pop(event.permission_id, None)) is None:
                continue
            if not _is_taken(envelope, event):
                envelope.fail(PermissionNotFound())
                continue
            if request := envelope.request:
                mine = (one for one in recorded if one.correlation_id == request.correlation_id)
                envelope.content = request.answer(
                    [one for one in mine if one is event or isinstance(one, RequestAnswered)]
                )
            self._halting.append((envelope, Decision((event,))))

    def answer(self, position: Position, phase: Phase) -> None:
        """Answer the callers who need not wait any longer."""
        waiting, self._halting = self._halting, []
        for envelope, decision in waiting:
            if phase in decision.unanswered_while:
                self._halting.append((envelope, decision))
            else:
                envelope.answer(Answer(position=position, phase=phase, recorded=len(decision.events)))

    def fail(self, error: Exception) -> None:
        """Refuse all of them."""
        for envelope in (*(envelope for envelope, _ in self._halting), *self._replying.values()):
            envelope.fail(error)


def _is_taken(envelope: Envelope, event: Event) -> bool:
    """Whether the permission was settled by this caller's reply. While it waits, no other reply is given."""
    wish = envelope.command
    return (
        isinstance(wish, ReplyPermission)
        and isinstance(event, PermissionReplied)
        and wish.decided_by == event.decided_by
    )
