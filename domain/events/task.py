"""The events of tasks: pieces of work, from their acceptance to their end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .event import Event, Json, kind
from .session import InterruptReason


@kind("task", "created")
@dataclass(frozen=True, kw_only=True)
class TaskCreated(Event):
    """A piece of work was accepted; by a trigger it starts at once, by the queue later."""

    status: str = "pending"
    title: str
    prompt: str
    agent_type: str
    model: str | None = None
    priority: int = 0
    files: tuple[str, ...] = ()
    metadata: Mapping[str, Json] = field(default_factory=dict[str, Json])


@kind("task", "held")
@dataclass(frozen=True, kw_only=True)
class TaskHeld(Event):
    """The task whose turn it is can't start for now, and waits: `code` says why in a stable word, `message` in a sentence.

    Recorded once for each reason, however often it is looked whether the task can start.
    """

    status: str = "pending"
    code: str
    message: str


@kind("task", "started")
@dataclass(frozen=True, kw_only=True)
class TaskStarted(Event):
    """The task's session is the one in `session_id`."""

    status: str = "running"


@kind("task", "interrupted")
@dataclass(frozen=True, kw_only=True)
class TaskInterrupted(Event):
    """The task's session was interrupted, and with it the task; a message resumes both.

    `error`, `code`: why, as in the `error` event beside it, where nobody asked for that.
    """

    status: str = "interrupted"
    reason: InterruptReason = "requested"
    error: str | None = None
    code: str | None = None


@kind("task", "resumed")
@dataclass(frozen=True, kw_only=True)
class TaskResumed(Event):
    """The task goes on with its session, or (`pending`) will when there is room."""

    status: Literal["running", "pending"] = "running"


@kind("task", "completed")
@dataclass(frozen=True, kw_only=True)
class TaskCompleted(Event):
    """`result` is the agent's last words."""

    status: str = "completed"
    result: str


@kind("task", "failed")
@dataclass(frozen=True, kw_only=True)
class TaskFailed(Event):
    """`error` says why in a sentence, `code` in a stable word."""

    status: str = "failed"
    error: str
    code: str


@kind("task", "cancelled")
@dataclass(frozen=True, kw_only=True)
class TaskCancelled(Event):
    """Someone asked for the task's end before it was done."""

    status: str = "cancelled"
