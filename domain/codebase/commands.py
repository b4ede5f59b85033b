"""What callers wish of a codebase. Ids, room and checked paths arrive inside; the domain makes none of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..events import Answers, Decider, Json
from ..ids import CodebaseId, MessageId, PermissionId, SessionId, TaskId
from .facts import Fact
from .hindrance import Hindrance
from .imported import ExternalMessage, ExternalSession, ExternalStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """Make a directory known. `path` is its real path, unique among the registered ones."""

    codebase_id: CodebaseId
    name: str
    path: str
    description: str = ""
    worker_id: str | None = None
    agent_config: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeCodebase:
    """Change what is known of a codebase; its directory never changes. None leaves a member as it is.

    `agent_config`: its members to change; those that are None have their default again.
    """

    name: str | None = None
    description: str | None = None
    agent_config: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """Start an agent with a prompt. `files` are relative paths, already found to lie inside the codebase."""

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
    """Steer the running session at its next step, or resume an interrupted one."""

    message_id: MessageId
    content: str
    agent: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Make the agent let go; the session is kept."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the session and the agent's processes."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Stop the agent, then hide the codebase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyPermission:
    """Give or refuse leave that the agent waits for, or answer its question: `answers` has the words for each."""

    permission_id: PermissionId
    reply: Literal["once", "always", "reject"]
    decided_by: Decider = "user"
    message: str | None = None
    answers: Answers | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateTask:
    """Queue a piece of work; it starts by itself when the agent is free: highest priority first, then first come."""

    task_id: TaskId
    title: str
    prompt: str
    agent: str = "build"
    model: str | None = None
    priority: int = 0
    files: tuple[str, ...] = ()
    metadata: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelTask:
    """Take a task out of the queue, or stop the session that works on it."""

    task_id: TaskId


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteRefusedAccess:
    """Record that the agent's own processes asked the service for something and were refused: see `AccessRefused`."""

    calls: tuple[str, ...]
    times: int
    program: str


@dataclass(frozen=True, slots=True)
class Conclude:
    """Record the answer to a request whose work needed no command, or many: nothing else happens."""


@dataclass(frozen=True, slots=True)
class GrantSlot:
    """There is room for this codebase among the running agents: what waits starts, unless there is a `hindrance`."""

    hindrance: Hindrance | None = None


@dataclass(frozen=True, slots=True)
class LookAgain:
    """A pause is over: what waits may ask for room again."""


@dataclass(frozen=True, slots=True)
class Recover:
    """The server starts after an end that recorded nothing: bring what was left running to a truthful state."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The server ends: interrupt what runs, and close the agent's process."""


@dataclass(frozen=True, slots=True)
class Retire:
    """Close the agent's process if it has nothing to do."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the agent reported, in order. `permission_limit`: seconds within which what it asks must be answered."""

    facts: tuple[Fact, ...]
    permission_limit: float = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportSession:
    """Record what is new of a session as it was read from the agent's program: some of its messages, in order.

    `prompt`: its first words. `status`: how it ended, as far as it was read. `complete`: these are its last messages,
    and it is at rest. `open`: the last of them has no end. `left_out`: messages that were passed over, so far.
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
