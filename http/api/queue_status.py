"""Why what waits for a codebase's agent has not begun yet, in words: a part of the agent's status."""

from collections.abc import Mapping
from typing import Final

from ...domain.codebase.backoff import notice, rest_after
from ...domain.codebase.lifecycle import Phase
from ...domain.events import Json
from ...domain.ids import Timestamp
from ...projections.views.agents import Agent

NO_ROOM: Final = ("no_room", "As many agents as may run at the same time are at work; it starts when one has finished.")
RUNNING: Final = ("agent_running", "The agent is at work; the queue comes after its session.")
INTERRUPTED: Final = (
    "session_interrupted",
    "The queue waits behind an interrupted session: send a message to go on with that, or stop it.",
)
RESTING: Final = "failures_in_a_row"


def queue_status(agent: Agent, next_try: Timestamp | None, *, crowded: bool) -> Mapping[str, Json]:
    """How many tasks wait, and why the first of them does, as far as that is known.

    `next_try`: when it is looked again whether it can start, where it rests or could not. `crowded`: it waits for room.
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
            return NO_ROOM
        case Phase.IDLE if crowded:
            return NO_ROOM
        case Phase.IDLE:
            return (RESTING, notice(agent.failures)) if rest_after(agent.failures) else (None, None)
        case _:
            return RUNNING
