"""The settings of the actors, with their defaults."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ActorSettings:
    """All in seconds. `idle_limit`: how long an agent's process is kept warm with nothing to do.

    `permission_limit`: how long a question of permission waits for an answer before it is refused.
    `store_retry`: how long to wait before what the agent reported is offered to a failing store again.
    `unrecorded_limit`: how long an agent may go on while nothing of what it reports can be recorded.
    `restart_delay`: how long an actor that failed stays down.
    `close_limit`: how long the server's end waits for interruptions to be recorded before it ends the agents anyway.
    """

    idle_limit: float = 300.0
    permission_limit: float = 600.0
    store_retry: float = 0.5
    unrecorded_limit: float = 30.0
    restart_delay: float = 0.5
    close_limit: float = 6.0
