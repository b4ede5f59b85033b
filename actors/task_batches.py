"""Tasks that are queued together: decided one after another, recorded with one commit.

Many clients that queue tasks of one codebase would else wait for a commit each, one after another.
"""

from collections.abc import Sequence as Many
from typing import Final, NamedTuple

from ..domain.codebase.decide import decide
from ..domain.codebase.decision import Decision, fold
from ..domain.codebase.state import State
from ..domain.errors import LedgerError
from ..domain.events import Event
from ..domain.ids import Timestamp
from ..domain.secrets.masked_records import masked_command
from ..domain.secrets.masker import Secrets
from .mailbox import Envelope

MOST: Final = 32
"""Tasks that are queued with one commit."""


class Planned(NamedTuple):
    """A command that was decided, and what is to be recorded of it."""

    envelope: Envelope
    decision: Decision
    events: tuple[Event, ...]


def plan(state: State, envelopes: Many[Envelope], at: Timestamp, secrets: Secrets) -> list[Planned]:
    """Decide each command as if those before it were recorded already; what is refused is answered here."""
    planned: list[Planned] = []
    for envelope in envelopes:
        try:
            decision = decide(state, masked_command(envelope.command, secrets.masker), at, room=True)
        except LedgerError as refusal:
            envelope.fail(refusal)
            continue
        events = envelope.request.mark(decision.events, at) if envelope.request else decision.events
        state = fold(state, events)
        planned.append(Planned(envelope, decision, events))
    return planned
