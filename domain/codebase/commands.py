"""What callers ask of a codebase. Ids and checked paths are in the commands; the domain makes none of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from ..events import Answers, Decider, Json, Reply
from ..ids import CodebaseId, MessageId, PermissionId, SessionId, TaskId
from .facts import Fact
from .hindrance import Hindrance
from .imported import ExternalMessage, ExternalSession, ExternalStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """Register a directory. `path`: its real path, unique among the registered ones."""

    codebase_id: CodebaseId
    name: str
    path: str
    description: str = ""
    worker_id: str | None = None
    agent_config: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeCodebase:
    """Change a codebase's name, description or agent configuration. None leaves a member as it is.

    `agent_config`: the members to change; None sets a member back to its default.
    """

    name: str | None = None
    description: str | None = None
    agent_config: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """Start an agent with a prompt. `files`: relative paths, already checked to be inside the codebase."""

    session_id: SessionId
    task_id: TaskId
    message_id: MessageId
    prompt: str
    agent: str = "build"
    model: str | None = None
    files: tuple[str, ...] = ()
    metadata: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, kw_only=True, slots=True)
class SendMessage:
    """Steer the running session at its next step, or resume an interrupted session."""

    message_id: MessageId
    content: str
    agent: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Abort the agent's work; the session stays and can be resumed."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the session and the agent's processes."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Stop the agent, then hide the codebase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyPermission:
    """Approve or reject a permission, or answer a question: `answers` has a list for each part of it."""

    permission_id: PermissionId
    reply: Reply
    decided_by: Decider = "user"
    message: str | None = None
    answers: Answers | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateTask:
    """Queue a task. It starts when the agent is free: highest priority first, then in the order of arrival.

    `retry_of`: the ended task that it repeats, where it repeats one.
    """

    task_id: TaskId
    title: str
    prompt: str
    agent: str = "build"
    model: str | None = None
    priority: int = 0
    files: tuple[str, ...] = ()
    metadata: Mapping[str, Json] = field(default_factory=dict[str, Json])
    retry_of: TaskId | None = None


class End(Enum):
    """An end of the queue."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Before:
    """The place directly ahead of another waiting task."""

    task_id: TaskId


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeTask:
    """Change a waiting task. None leaves a member as it is. `domain/codebase/queue/places.py` has the rules of `place`."""

    task_id: TaskId
    title: str | None = None
    prompt: str | None = None
    priority: int | None = None
    place: End | Before | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelTask:
    """Remove a task from the queue, or stop the session that works on it."""

    task_id: TaskId


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteRefusedAccess:
    """Record that the agent's own processes called the service and were refused: see `AccessRefused`."""

    calls: tuple[str, ...]
    times: int
    program: str


@dataclass(frozen=True, slots=True)
class Conclude:
    """Record the response to a request that needed no command, or several; nothing else happens."""


@dataclass(frozen=True, slots=True)
class GrantSlot:
    """A slot among the running agents is free for this codebase: its waiting work starts, unless there is a `hindrance`."""

    hindrance: Hindrance | None = None


@dataclass(frozen=True, slots=True)
class LookAgain:
    """A pause is over: waiting work may ask for a slot again."""


@dataclass(frozen=True, slots=True)
class Recover:
    """The server starts after a crash: record the truth about sessions that were left running."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The server shuts down: interrupt the running session, and close the agent's process."""


@dataclass(frozen=True, slots=True)
class Retire:
    """Close the agent's process if it is idle."""


@dataclass(frozen=True, slots=True)
class Report:
    """Facts that the agent reported, in order. `permission_limit`: seconds in which a person must answer what it asks."""

    facts: tuple[Fact, ...]
    permission_limit: float = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportSession:
    """Record what is new in a session that was read from the agent's program: a page of its messages, in order.

    - `prompt`: the session's first words. `status`: how it ended, as far as it was read.
    - `last`: this is the last page. `complete`: it is, and the session is at rest.
    - `open`: the last message has no end. `left_out`: the number of messages skipped so far.
    """

    session: ExternalSession
    messages: tuple[ExternalMessage, ...]
    prompt: str
    status: ExternalStatus
    last: bool
    complete: bool
    open: bool = False
    left_out: int = 0


Command: TypeAlias = (
    Register
    | ChangeCodebase
    | Trigger
    | SendMessage
    | Interrupt
    | Stop
    | Delete
    | CreateTask
    | ChangeTask
    | CancelTask
    | ReplyPermission
    | NoteRefusedAccess
    | Conclude
    | GrantSlot
    | LookAgain
    | Recover
    | Shutdown
    | Retire
    | Report
    | ImportSession
)
