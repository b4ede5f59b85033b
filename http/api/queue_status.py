"""Why a codebase's queue has not started yet, in words: a part of the agent's status."""

from collections.abc import Mapping
from typing import Final

from ...domain.codebase.backoff import backoff_after, notice
from ...domain.codebase.lifecycle_rules import Phase
from ...domain.events import Json
from ...domain.ids import Timestamp
from ...projections.views.agents import Agent

NO_SLOT: Final = ("no_free_slot", "The maximum number of agents is running; the queue starts when a slot is free.")
RUNNING: Final = ("agent_running", "The agent is running; the queue starts after its session.")
INTERRUPTED: Final = (
    "session_interrupted",
    "The session is interrupted, so the queue is paused: send a message to resume the session, or stop it.",
)
BACKOFF: Final = "consecutive_failures"


def queue_status(agent: Agent, next_try: Timestamp | None, *, crowded: bool) -> Mapping[str, Json]:
    """How many tasks wait, and why the first of them does, as far as that is known.

    `next_try`: when the service next tries to start it, during a back-off or an obstacle. `crowded`: it waits for a slot.
    """
    code, message = _why(agent, crowded=crowded) if agent.pending or agent.phase is Phase.WAITING else (None, None)
    return {"pending": agent.pending, "code": code, "message": message, "next_try_at": next_try}


def _why(agent: Agent, *, crowded: bool) -> tuple[str | None, str | None]:
    match agent.phase:
        case Phase.INTERRUPTED:
            return INTERRUPTED
        case Phase.WAITING | Phase.IDLE if agent.held_code:
            return agent.held_code, agent.held_message
        case Phase.WAITING:
            return NO_SLOT
        case Phase.IDLE if crowded:
            return NO_SLOT
        case Phase.IDLE:
            return (BACKOFF, notice(agent.failures)) if backoff_after(agent.failures) else (None, None)
        case _:
            return RUNNING
