"""The events: what happened to a codebase, one frozen class each.

An event's topic is its name on the SSE stream, and its fields are the members of the SSE `data`; where several
kinds of event share a topic, the member `action` tells them apart. Nothing here knows JSON: see `wire`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias, TypedDict, TypeVar

from .ids import (
    AgentPermissionId,
    AgentSessionId,
    CodebaseId,
    MessageId,
    PermissionId,
    SessionId,
    TaskId,
    Timestamp,
)

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""Any value that JSON can hold."""

Decider: TypeAlias = Literal["user", "auto_approve", "timeout", "interrupt", "agent"]
"""Who answered a question of permission; `agent`: it settled the question itself, without asking us."""

PermissionKind: TypeAlias = Literal["permission", "question"]

Answers: TypeAlias = tuple[tuple[str, ...], ...]
"""For each question of the agent the labels that were chosen, or other words; none where it was left open."""

InterruptReason: TypeAlias = Literal["requested", "server_stopped", "server_restarted", "agent_crashed"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One fact in a codebase's stream. `session_id` and `task_id` are absent where there is none.

    `correlation_id`: the request that asked for it; absent from what nobody asked for.
    """

    topic: ClassVar[str]
    action: ClassVar[str | None] = None

    session_id: SessionId | None = None
    task_id: TaskId | None = None
    timestamp: Timestamp
    correlation_id: str | None = None


class Common(TypedDict):
    """The members that every event has when it is decided, as keyword arguments."""

    session_id: SessionId | None
    task_id: TaskId | None
    timestamp: Timestamp


REGISTRY: dict[tuple[str, str | None], type[Event]] = {}
"""Every kind of event by its topic and action; `wire` reads it to turn bytes back into events."""

E = TypeVar("E", bound=type[Event])


def kind(topic: str, action: str | None = None) -> Callable[[E], E]:
    """Register a class of events under the name it has on the wire."""

    def register(cls: E) -> E:
        cls.topic, cls.action = topic, action
        REGISTRY[topic, action] = cls
        return cls

    return register


# --- the codebase ---------------------------------------------------------------------------------------------


@kind("codebase", "registered")
@dataclass(frozen=True, kw_only=True)
class CodebaseRegistered(Event):
    """A directory became known under an id; always the first event of its stream. `path` is the real path."""

    codebase_id: CodebaseId
    name: str
    path: str
    description: str = ""
    worker_id: str | None = None
    agent_config: Mapping[str, Json] = field(default_factory=dict[str, Json])


@kind("codebase", "deleting")
@dataclass(frozen=True, kw_only=True)
class CodebaseDeleting(Event):
    """Deletion was asked for; the agent is being stopped first."""

    codebase_id: CodebaseId


@kind("codebase", "deleted")
@dataclass(frozen=True, kw_only=True)
class CodebaseDeleted(Event):
    """The codebase is hidden from now on; its history stays in the log."""

    codebase_id: CodebaseId


# --- the session: its life cycle is what the actor's state is folded from --------------------------------------


@kind("session", "started")
@dataclass(frozen=True, kw_only=True)
class SessionStarted(Event):
    """A trigger was accepted. `waiting`: no room among the running agents yet. `model`: None where the agent chooses."""

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
    """A message woke an interrupted session; `waiting` as in `SessionStarted`."""

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
    """A stop was accepted; the agent's processes are being ended."""

    status: str = "running"


@kind("session", "stopped")
@dataclass(frozen=True, kw_only=True)
class SessionStopped(Event):
    """The session ended by request, and no process of it is left."""

    status: str = "stopped"


@kind("session", "completed")
@dataclass(frozen=True, kw_only=True)
class SessionCompleted(Event):
    """The agent finished what it was asked."""

    status: str = "completed"


@kind("session", "failed")
@dataclass(frozen=True, kw_only=True)
class SessionFailed(Event):
    """The agent could not finish; the reason is in the `error` event beside it."""

    status: str = "failed"


# --- tasks ----------------------------------------------------------------------------------------------------


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


@kind("task", "started")
@dataclass(frozen=True, kw_only=True)
class TaskStarted(Event):
    """The task's session is the one in `session_id`."""

    status: str = "running"


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


# --- what the agent and its users say and do --------------------------------------------------------------------


@kind("message_sent")
@dataclass(frozen=True, kw_only=True)
class MessageSent(Event):
    """A user's words to the agent: the prompt of a trigger, or a follow-up."""

    message_id: MessageId
    role: str = "user"
    content: str
    agent: str
    model: str | None = None


@kind("message_delivered")
@dataclass(frozen=True, kw_only=True)
class MessageDelivered(Event):
    """The agent is being given this message now; it is never given again, even if it ends while taking it.

    `agent_message_id`: the agent's own name for it.
    """

    message_id: MessageId
    agent_message_id: str | None = None


@kind("status")
@dataclass(frozen=True, kw_only=True)
class Status(Event):
    """The agent's state for people: `idle`, `running` or `interrupted`, and a sentence. `attempt`: of a retry, from 1."""

    status: Literal["idle", "running", "interrupted"]
    message: str
    attempt: int | None = None


@kind("output")
@dataclass(frozen=True, kw_only=True)
class Output(Event):
    """A piece of the agent's text, to be joined in order per `part_id`.

    `replaces`: this piece stands for all earlier ones of the same part (the agent took them back).
    Never changes the actor's state, so that an actor wakes without reading its text.
    """

    type: Literal["text", "reasoning"]
    content: str
    message_id: str
    part_id: str
    replaces: bool | None = None
    subagent: AgentSessionId | None = None


@kind("tool_use")
@dataclass(frozen=True, kw_only=True)
class ToolUse(Event):
    """The agent began a tool call. `subagent`: the agent's session of the helper that called it, if one did."""

    tool: str
    args: Mapping[str, Json]
    call_id: str
    message_id: str | None = None
    subagent: AgentSessionId | None = None


@kind("tool_result")
@dataclass(frozen=True, kw_only=True)
class ToolResult(Event):
    """A tool call ended: `completed` or `error`; `output` is what the tool gave, or the error's words."""

    tool: str
    call_id: str
    status: Literal["completed", "error"]
    output: str = ""
    title: str | None = None
    subagent: AgentSessionId | None = None


@kind("file_change")
@dataclass(frozen=True, kw_only=True)
class FileChange(Event):
    """A file of the codebase changed; `path` is relative to it."""

    # The document's own member is called `action`, hence no class-level discriminator for this topic.
    change: Literal["create", "modify", "delete"]
    path: str


@kind("permission", "asked")
@dataclass(frozen=True, kw_only=True)
class PermissionAsked(Event):
    """The agent waits for leave to use a tool, or for answers to the `questions` in `args`.

    `kind`: None was written before there were questions. `expires_at`: when it is refused if nobody answers.
    """

    permission_id: PermissionId
    kind: PermissionKind | None = None
    tool: str
    args: Mapping[str, Json]
    patterns: tuple[str, ...] = ()
    call_id: str | None = None
    agent_permission_id: AgentPermissionId
    subagent: AgentSessionId | None = None
    expires_at: Timestamp | None = None


@kind("permission", "replied")
@dataclass(frozen=True, kw_only=True)
class PermissionReplied(Event):
    """Leave was given or refused, or a question answered, and by whom."""

    permission_id: PermissionId
    reply: Literal["once", "always", "reject"]
    decided_by: Decider
    message: str | None = None
    answers: Answers | None = None


@kind("usage")
@dataclass(frozen=True, kw_only=True)
class Usage(Event):
    """What one step of the model cost: tokens by kind, and money in US dollars as the agent reckons it."""

    tokens: Mapping[str, int]
    cost: float
    subagent: AgentSessionId | None = None


@kind("complete")
@dataclass(frozen=True, kw_only=True)
class Complete(Event):
    """The session's last event: `completed`, `failed` or `stopped`."""

    status: Literal["completed", "failed", "stopped"]
    summary: str


@kind("error")
@dataclass(frozen=True, kw_only=True)
class Error(Event):
    """Something failed; never the only sign of an outcome: `complete` or an interrupted `session` follows."""

    error: str
    code: str
