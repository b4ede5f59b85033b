"""The events of a session's life cycle: the actor's state is folded from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..ids import AgentSessionId
from .event import Event, Json, kind

InterruptReason: TypeAlias = Literal["requested", "server_stopped", "server_restarted", "agent_crashed"]


@kind("session", "started")
@dataclass(frozen=True, kw_only=True)
class SessionStarted(Event):
    """A trigger was accepted. `waiting`: no slot among the running agents is free.

    `model`: absent if the agent chooses. `status`: `pending` where it waits; up to 0.1.0a1 it was `running` even then.
    """

    status: str = "running"
    prompt: str
    agent: str
    model: str | None = None
    files: tuple[str, ...] = ()
    metadata: Mapping[str, Json] = field(default_factory=dict[str, Json])
    waiting: bool = False


@kind("session", "admitted")
@dataclass(frozen=True, kw_only=True)
class SessionAdmitted(Event):
    """A slot is free: a waiting session now runs."""

    status: str = "running"


@kind("session", "linked")
@dataclass(frozen=True, kw_only=True)
class SessionLinked(Event):
    """The agent opened its own session for ours. `model`: the model that it will use."""

    agent_session_id: AgentSessionId
    model: str | None = None


@kind("session", "resumed")
@dataclass(frozen=True, kw_only=True)
class SessionResumed(Event):
    """A message resumed an interrupted session. `waiting` and `status`: as in the action `started`."""

    status: str = "running"
    waiting: bool = False


@kind("session", "interrupting")
@dataclass(frozen=True, kw_only=True)
class SessionInterrupting(Event):
    """An interrupt was accepted; the agent has not aborted yet."""

    status: str = "running"
    reason: InterruptReason = "requested"


@kind("session", "interrupted")
@dataclass(frozen=True, kw_only=True)
class SessionInterrupted(Event):
    """The agent has aborted; a message resumes the session."""

    status: str = "interrupted"
    reason: InterruptReason = "requested"


@kind("session", "stopping")
@dataclass(frozen=True, kw_only=True)
class SessionStopping(Event):
    """A stop was accepted; the agent's processes are being ended. `status`: the session's status until they are gone."""

    status: str = "running"


@kind("session", "stopped")
@dataclass(frozen=True, kw_only=True)
class SessionStopped(Event):
    """The session ended by request; no process of it is left."""

    status: str = "stopped"


@kind("session", "completed")
@dataclass(frozen=True, kw_only=True)
class SessionCompleted(Event):
    """The agent finished its work. `finish`: why its last answer is truncated, as in the event `complete`."""

    status: str = "completed"
    finish: str | None = None


@kind("session", "failed")
@dataclass(frozen=True, kw_only=True)
class SessionFailed(Event):
    """The agent could not finish; the `error` event before it has the reason."""

    status: str = "failed"
