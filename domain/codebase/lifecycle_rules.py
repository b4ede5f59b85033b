"""The life cycle of a codebase's agent, as a table: what each command does in each phase.

This file alone decides whether a command is allowed. `decide` obeys it, the tests walk every pair of it, and the
API's 404 and 409 responses are exactly its refusals.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final, Literal, TypeAlias

from ..errors import (
    AgentRunning,
    AgentStopping,
    CodebaseNotFound,
    LedgerError,
    NothingToActOn,
)
from . import commands as c


class Phase(Enum):
    """The phase of a codebase. `VOID`: not registered yet. `WAITING`: a session waits for a slot among the agents."""

    VOID = "void"
    IDLE = "idle"
    WAITING = "waiting"
    RUNNING = "running"
    INTERRUPTING = "interrupting"
    INTERRUPTED = "interrupted"
    STOPPING = "stopping"
    DELETING = "deleting"
    DELETED = "deleted"


BUSY: Final = frozenset({Phase.RUNNING, Phase.INTERRUPTING, Phase.STOPPING, Phase.DELETING})
"""The phases in which an agent may be at work: they occupy a slot, and the agent's reports are recorded."""

Verb: TypeAlias = type[c.Trigger] | type[c.SendMessage] | type[c.Interrupt] | type[c.Stop] | type[c.Delete]
Outcome: TypeAlias = Phase | type[LedgerError]

VERBS: Final[tuple[Verb, ...]] = (c.Trigger, c.SendMessage, c.Interrupt, c.Stop, c.Delete)

_NOWHERE: Final = (CodebaseNotFound, CodebaseNotFound, CodebaseNotFound, CodebaseNotFound, CodebaseNotFound)

TRANSITIONS: Final[Mapping[Phase, tuple[Outcome, Outcome, Outcome, Outcome, Outcome]]] = {
    #                      Trigger         SendMessage         Interrupt           Stop            Delete
    Phase.VOID: _NOWHERE,
    Phase.IDLE: (Phase.RUNNING, NothingToActOn, NothingToActOn, NothingToActOn, Phase.DELETING),
    Phase.WAITING: (AgentRunning, Phase.WAITING, Phase.INTERRUPTED, Phase.STOPPING, Phase.DELETING),
    Phase.RUNNING: (AgentRunning, Phase.RUNNING, Phase.INTERRUPTING, Phase.STOPPING, Phase.DELETING),
    Phase.INTERRUPTING: (AgentRunning, Phase.INTERRUPTING, Phase.INTERRUPTING, Phase.STOPPING, Phase.DELETING),
    Phase.INTERRUPTED: (Phase.RUNNING, Phase.RUNNING, NothingToActOn, Phase.STOPPING, Phase.DELETING),
    Phase.STOPPING: (AgentStopping, AgentStopping, AgentStopping, Phase.STOPPING, Phase.DELETING),
    Phase.DELETING: (AgentStopping, AgentStopping, AgentStopping, AgentStopping, Phase.DELETING),
    Phase.DELETED: _NOWHERE,
}
"""Per phase, the phase that each of `VERBS` leads to when a slot is free, or the error that refuses it."""


def outcome(phase: Phase, verb: Verb) -> Outcome:
    """The phase that `verb` leads to (when a slot is free), or the error that refuses it."""
    return TRANSITIONS[phase][VERBS.index(verb)]


def check(phase: Phase, verb: Verb) -> None:
    """Raise the error that refuses `verb` in `phase`, if there is one."""
    result = outcome(phase, verb)
    if not isinstance(result, Phase):
        raise result()


def check_present(phase: Phase) -> None:
    """Raise where the codebase is missing or is being deleted: it gets no new work."""
    if phase in (Phase.VOID, Phase.DELETED):
        raise CodebaseNotFound
    if phase is Phase.DELETING:
        raise AgentStopping


PublicStatus: TypeAlias = Literal["idle", "pending", "running", "interrupted"]


def public_status(phase: Phase) -> PublicStatus:
    """The agent's status in the API. `pending`: its session waits for a slot among the agents."""
    match phase:
        case Phase.INTERRUPTED:
            return "interrupted"
        case Phase.WAITING:
            return "pending"
        case _:
            return "running" if phase in BUSY else "idle"
