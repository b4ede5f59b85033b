"""The events of tasks, from their creation to their end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..ids import TaskId
from .event import Event, Json, kind
from .session import InterruptReason


@kind("task", "created")
@dataclass(frozen=True, kw_only=True)
class TaskCreated(Event):
    """A task was created: by a trigger, which starts it at once, or for the queue.

    `retry_of`: the ended task that it repeats, where it repeats one.
    """

    status: str = "pending"
    title: str
    prompt: str
    agent_type: str
    model: str | None = None
    priority: int = 0
    files: tuple[str, ...] = ()
    metadata: Mapping[str, Json] = field(default_factory=dict[str, Json])
    retry_of: TaskId | None = None


@kind("task", "changed")
@dataclass(frozen=True, kw_only=True)
class TaskChanged(Event):
    """A waiting task got another title or prompt. Members that didn't change are absent."""

    status: str = "pending"
    title: str | None = None
    prompt: str | None = None


@kind("task", "moved")
@dataclass(frozen=True, kw_only=True)
class TaskMoved(Event):
    """A waiting task got another place in the queue.

    `before`: the task of the same priority that it is directly ahead of; absent where it is the last of its priority.
    """

    status: str = "pending"
    priority: int
    before: TaskId | None = None


@kind("task", "held")
@dataclass(frozen=True, kw_only=True)
class TaskHeld(Event):
    """The next task can't start yet, and waits. `code`: a stable code for the reason. `message`: a sentence.

    Recorded once for each reason, however often the task is tried.
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
    """The task's session was interrupted, and the task with it; a message resumes both.

    `error`, `code`: the reason, as in the `error` event before it, where no person asked for the interruption.
    """

    status: str = "interrupted"
    reason: InterruptReason = "requested"
    error: str | None = None
    code: str | None = None


@kind("task", "resumed")
@dataclass(frozen=True, kw_only=True)
class TaskResumed(Event):
    """The task resumes with its session, or (`pending`) will when a slot is free."""

    status: Literal["running", "pending"] = "running"


@kind("task", "completed")
@dataclass(frozen=True, kw_only=True)
class TaskCompleted(Event):
    """The task is done. `result`: the agent's last words."""

    status: str = "completed"
    result: str


@kind("task", "failed")
@dataclass(frozen=True, kw_only=True)
class TaskFailed(Event):
    """The task failed. `error`: the reason in one sentence. `code`: a stable code for it."""

    status: str = "failed"
    error: str
    code: str


@kind("task", "cancelled")
@dataclass(frozen=True, kw_only=True)
class TaskCancelled(Event):
    """The task was ended by request before it was done."""

    status: str = "cancelled"
