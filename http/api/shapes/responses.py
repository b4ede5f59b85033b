"""The bodies of responses, field by field as in the API's document. Tests compare the handlers' responses with them."""

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, RootModel

from ....domain.codebase.lifecycle_rules import PublicStatus
from ....domain.whole_output import Missing
from ....projections.views.session_queries import SessionStatus
from ....projections.views.tasks import TaskStatus
from .overviews import Overview
from .parts import Base64, By, Count, Listing, Shape, Time, Via


class Problem(Shape):
    """An error: a sentence for people and a stable code for programs."""

    detail: Annotated[str, Field(examples=["Codebase not found"])]
    code: Annotated[str, Field(pattern="^[A-Za-z_]+$", examples=["codebase_not_found"])]


class SignedIn(Shape):
    """A login. The cookie comes in the header `Set-Cookie`."""

    success: Literal[True]
    scopes: list[Literal["read", "operate", "audit"]]
    expires_at: Time
    page_key: Annotated[str, Field(description="The page sends it in the header `X-Ledger-Page` with each command.")]


class ServiceStatus(Shape):
    """Whether agents can run on this server."""

    available: bool
    message: Annotated[str, Field(examples=["OpenCode integration ready"])]
    opencode_binary: str
    registered_codebases: Count
    auto_start: bool


class Model(Shape):
    """A model that agents can use."""

    id: Annotated[str, Field(examples=["anthropic/claude-sonnet-4-20250514"])]
    name: str
    provider: str


class Models(RootModel[list[Model]]):
    """All models."""


class RegisteredCodebase(Shape):
    """A codebase as it was registered."""

    id: str
    name: str
    path: str
    description: str
    created_at: Time


class ListedCodebase(RegisteredCodebase):
    """A codebase of the list, with its overview. `registered_by`: null in logs from before 0.2."""

    worker_id: str | None
    registered_by: Annotated[str | None, Field(examples=["anna"])]
    overview: Overview


class Codebases(RootModel[list[ListedCodebase]]):
    """All codebases."""


class Codebase(ListedCodebase):
    """A codebase with its agent's configuration and its overview."""

    agent_config: dict[str, JsonValue]
    last_activity: Time | None


class Registered(Shape):
    """A directory was registered."""

    success: Literal[True]
    codebase: RegisteredCodebase


class Changed(Shape):
    """A codebase after a change."""

    success: Literal[True]
    codebase: Codebase


class Done(Shape):
    """The command was executed."""

    success: Literal[True]
    message: str


class Triggered(Done):
    """A session was started, or it waits for a free agent slot (`pending`)."""

    session_id: str
    task_id: str
    status: Literal["running", "pending"]


class QueueStatus(Shape):
    """How many tasks wait for a codebase's agent. `code` and `message` say why the first of them can't start yet.

    `next_try_at`: when the service next tries to start it, where that is known.
    """

    pending: Count
    code: Annotated[str | None, Field(examples=["directory_gone"])]
    message: str | None
    next_try_at: Time | None


class AgentStatus(Shape):
    """What a codebase's agent is doing, and its queue."""

    codebase_id: str
    status: PublicStatus
    session_id: str | None
    current_task: str | None
    started_at: Time | None
    model: str | None
    queue: QueueStatus


class Session(Shape):
    """A session. `tokens` are counted by kind, `cost` is in US dollars. `imported`: it was run with opencode itself.

    `started_at`: when its work began; null while it waits for a free agent slot. `reason`: why it is interrupted, or why
    the model's last answer was truncated (`length`, `content-filter`). `by`, `via`: who started it.
    """

    id: str
    codebase_id: str
    started_at: Time | None
    ended_at: Time | None
    status: SessionStatus
    model: str | None
    prompt: str
    messages_count: Count
    agent: str
    task_id: str | None
    tokens: dict[str, int]
    cost: Annotated[float, Field(ge=0)]
    imported: bool = False
    title: str | None = None
    reason: Annotated[str | None, Field(examples=["server_restarted"])] = None
    parent_id: str | None = None
    by: By = None
    via: Via = None


class Sessions(Listing):
    """Sessions, newest first."""

    sessions: list[Session]


class Synced(Done):
    """How many sessions were imported or updated, and how many could not be imported, or only in part (`skipped`)."""

    synced: Count
    skipped: Count = 0


class WholeOutput(Shape):
    """A tool's whole output, if it is longer than what the agent's model was given.

    `address`: where to read it. `bytes`: its length. `kept`: how many of its bytes were recorded. `missing`: why not all.
    """

    address: Annotated[str, Field(examples=["/v1/opencode/codebases/cb_abc123/outputs/out_abc123"])] | None = None
    bytes: Count | None = None
    kept: Count
    missing: Missing | None = None


class ToolCall(Shape):
    """A tool call of the agent. `output`: what the agent's model was given."""

    tool: str
    args: dict[str, JsonValue]
    call_id: str
    status: Literal["running", "completed", "error"]
    output: str | None
    whole_output: WholeOutput | None = None


class Message(Shape):
    """A user's message, or one step of the agent. `model`: its author or recipient; omitted if unknown.

    `by`, `via`: who sent it, of a user's message.
    """

    id: str
    role: Literal["user", "assistant"]
    content: str
    timestamp: Time
    model: str | None = None
    reasoning: str = ""
    tools: list[ToolCall] = Field(default=[])
    error: str | None = None
    imported: bool = False
    by: By = None
    via: Via = None


class Messages(Shape):
    """Messages of a session in the order in which they began. `limit` is null if it was omitted."""

    messages: list[Message]
    total: Count
    limit: Count | None
    offset: Count


class CreatedTask(Shape):
    """A task as it was created."""

    id: str
    codebase_id: str
    title: str
    status: TaskStatus
    priority: int
    created_at: Time


class Held(Shape):
    """Why a task can't start now: a stable code, and a sentence that says what to do."""

    code: Annotated[str, Field(examples=["project_config_untrusted"])]
    message: str


class TaskCreated(Shape):
    """A task was queued. `held`: what keeps it from starting; omitted if nothing does."""

    success: Literal[True]
    task: CreatedTask
    held: Held | None = None


class RetriedTask(CreatedTask):
    """A new task that repeats an ended one."""

    retry_of: str


class TaskRetried(Shape):
    """An ended task was queued once more. `held`: what keeps it from starting; omitted if nothing does."""

    success: Literal[True]
    task: RetriedTask
    held: Held | None = None


class ListedTask(CreatedTask):
    """A task of a list. Members without a value are omitted.

    `reason`: a stable code for why it is interrupted or can't start now. `retry_of`: the task that it repeats. `place`: its
    place in the queue of its codebase, where 1 is the next to start. `by`, `via`: who created it.
    """

    agent_type: str
    session_id: str | None = None
    started_at: Time | None = None
    completed_at: Time | None = None
    reason: Annotated[str | None, Field(examples=["directory_gone"])] = None
    retry_of: str | None = None
    place: Annotated[int, Field(ge=1)] | None = None
    by: By = None
    via: Via = None


class Tasks(Listing):
    """Tasks, newest first, or in the order in which they start."""

    tasks: list[ListedTask]


class Task(ListedTask):
    """A task with its prompt and result."""

    prompt: str
    model: str | None = None
    metadata: dict[str, JsonValue]
    result: str | None = None
    error: str | None = None
    code: str | None = None


class TaskChanged(Shape):
    """A task after a change."""

    success: Literal[True]
    task: Task


class LoggedEvent(Shape):
    """An event of the log. `data`: the data of an `Event` named `type`. `hash`: the hash of its leaf in the log's tree, in hex."""

    sequence: Annotated[int, Field(ge=1)]
    position: Annotated[int, Field(ge=1)]
    type: str
    data: Any
    hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class LogPage(Shape):
    """A page of a codebase's log. `next`: the `after` of the next page; null at the end."""

    events: list[LoggedEvent]
    head: Count
    next: int | None


class InclusionProof(Shape):
    """A proof that the event at `position` is in the log of `size` events, as in RFC 6962."""

    position: Annotated[int, Field(ge=1)]
    size: Annotated[int, Field(ge=1)]
    leaf_hash: Base64
    root_hash: Base64
    hashes: list[Base64]


class ConsistencyProof(Shape):
    """A proof that the log of `to` events begins with the log of `from` events, as in RFC 6962."""

    from_: Annotated[int, Field(ge=0, alias="from")]
    to: Count
    from_root_hash: Base64
    to_root_hash: Base64
    hashes: list[Base64]


class Alive(Shape):
    """The process runs."""

    status: Literal["ok"]


class Ready(Shape):
    """Whether the service is ready.

    `position`: the end of the log. `opencode`, `log` and `views`: `ok`, or what is wrong with them.
    """

    status: Literal["ok", "degraded"]
    position: Count
    opencode: str
    log: str
    views: str
