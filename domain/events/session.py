"""The events of a session's life cycle: what the actor's state is folded from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..ids import AgentSessionId
from .event import Event, Json, kind

InterruptReason: TypeAlias = Literal["requested", "server_stopped", "server_restarted", "agent_crashed"]


@kind("session", "started")
@dataclass(frozen=True, kw_only=True)
class SessionStarted(Event):
    """A trigger was accepted. `waiting`: no room among the running agents yet. `model`: None where the agent chooses.

    `status`: `pending` where it waits; up to 0.1.0a1 `running` all the same.
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
    """There is room now: a session that was waiting runs."""

    status: str = "running"


@kind("session", "linked")
@dataclass(frozen=True, kw_only=True)
class SessionLinked(Event):
    """The agent opened its own session for ours; `model` is the one it will use."""

    agent_session_id: AgentSessionId
    model: str | None = None


@kind("session", "resumed")
@dataclass(frozen=True, kw_only=True)
class SessionResumed(Event):
    """A message woke an interrupted session; `waiting` and `status` as in `SessionStarted`."""

    status: str = "running"
    waiting: bool = False


@kind("session", "interrupting")
@dataclass(frozen=True, kw_only=True)
class SessionInterrupting(Event):
    """An interrupt was accepted and the agent is being told; it has not yet let go."""

    status: str = "running"
    reason: InterruptReason = "requested"


@kind("session", "interrupted")
@dataclass(frozen=True, kw_only=True)
class SessionInterrupted(Event):
    """The agent has let go of the session; a message resumes it."""

    status: str = "interrupted"
    reason: InterruptReason = "requested"


@kind("session", "stopping")
@dataclass(frozen=True, kw_only=True)
class SessionStopping(Event):
    """A stop was accepted; the agent's processes are being ended. `status`: what the session is until they are gone."""

    status: str = "running"


@kind("session", "stopped")
@dataclass(frozen=True, kw_only=True)
class SessionStopped(Event):
    """The session ended by request, and no process of it is left."""

    status: str = "stopped"


@kind("session", "completed")
@dataclass(frozen=True, kw_only=True)
class SessionCompleted(Event):
    """The agent finished what it was asked. `finish`: why its last answer was cut off, where it was: see `Complete`."""

    status: str = "completed"
    finish: str | None = None


@kind("session", "failed")
@dataclass(frozen=True, kw_only=True)
class SessionFailed(Event):
    """The agent could not finish; the reason is in the `error` event beside it."""

    status: str = "failed"
