"""What the service sends and takes, as types. Made by `python -m scripts.clients` from the API's description.

They are typed dictionaries: what comes over the wire is used as it is. A later service may send more members and events.
"""

from typing import Literal, NotRequired, TypeAlias, TypedDict

from .event import Event


class AccessRefusedData(TypedDict):
    """Processes of the codebase's agent called the service itself, and were refused.

    `calls`: the first few different calls, each a method and a path. `times`: the number of calls since the last such
    event. `program`: the name of the first process.
    """

    action: Literal["refused"]
    calls: list[str]
    times: NotRequired[int]
    program: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


AccessEvent: TypeAlias = Event[Literal["access"], AccessRefusedData]
"""An event named `access`."""


class AgentConfig(TypedDict):
    """How to run the codebase's agent.

    `default_model`: the model of requests that name none. `auto_approve`: approve every permission request. `trusted`: run
    the codebase's own opencode configuration and plugins.
    """

    default_model: NotRequired[str | None]
    auto_approve: NotRequired[bool]
    trusted: NotRequired[bool]


class AgentConfigChange(TypedDict):
    """Changes of an agent's configuration. Null resets a member to its default."""

    default_model: NotRequired[str | None]
    auto_approve: NotRequired[bool | None]
    trusted: NotRequired[bool | None]


class QueueStatus(TypedDict):
    """How many tasks wait for a codebase's agent. `code` and `message` say why the first of them can't start yet.

    `next_try_at`: when the service next tries to start it, where that is known.
    """

    pending: int
    code: str | None
    message: str | None
    next_try_at: str | None


class AgentStatus(TypedDict):
    """What a codebase's agent is doing, and its queue."""

    codebase_id: str
    status: Literal["idle", "pending", "running", "interrupted"]
    session_id: str | None
    current_task: str | None
    started_at: str | None
    model: str | None
    queue: QueueStatus


class Alive(TypedDict):
    """The process runs."""

    status: Literal["ok"]


class NamedCodebase(TypedDict):
    """A codebase, by its id and its present name."""

    id: str
    name: str


class CodebasePermission(TypedDict):
    """A request of an agent, with the codebase that it belongs to."""

    id: str
    kind: Literal["permission", "question"]
    tool: str
    args: dict[str, object]
    patterns: list[str]
    always: list[str]
    session_id: str
    task_id: str | None
    asked_at: str
    expires_at: str | None
    reply: Literal["once", "always", "reject"] | None
    decided_by: Literal["user", "auto_approve", "timeout", "interrupt", "agent"] | None
    answered_at: str | None
    answered_by: str | None
    call_id: NotRequired[str]
    subagent: NotRequired[str]
    answered_via: NotRequired[str]
    codebase: NamedCodebase


class AllPermissions(TypedDict):
    """Requests of all codebases that have one status."""

    total: int
    limit: int
    offset: int
    permissions: list[CodebasePermission]


class BeforeTask(TypedDict):
    """The place directly ahead of another waiting task of the same codebase."""

    before: str


class ChangeCodebase(TypedDict):
    """Changes of a codebase: at least one member. The directory can't be changed."""

    name: NotRequired[str | None]
    description: NotRequired[str | None]
    agent_config: NotRequired[AgentConfigChange | None]


class ChangeTask(TypedDict):
    """Changes of a waiting task: at least one member.

    - `position` alone: the task gets exactly this place, and its priority changes as far as that needs.
    - `priority` alone: the task goes behind those that have this priority.
    - Both: the task gets this place among the tasks of this priority.
    """

    title: NotRequired[str | None]
    prompt: NotRequired[str | None]
    priority: NotRequired[int | None]
    position: NotRequired[Literal["first", "last"] | BeforeTask | None]


class LastSession(TypedDict):
    """The last session that this service started. `prompt`: its first line, at most 200 characters."""

    id: str
    prompt: str
    status: Literal["pending", "running", "interrupted", "completed", "failed", "stopped"]
    started_at: str | None


class OverviewTokens(TypedDict):
    """Tokens of all sessions of the codebase."""

    input: int
    output: int


class Overview(TypedDict):
    """What a codebase is doing.

    - `state`: `running`; `needs_you`: the agent runs and waits for answers; `waiting_for_slot`: work waits for a free agent
      slot; `interrupted`; `failed`: the last session failed, or the next task can't start; `idle`.
    - `since`: when that began. `reason`: why it failed or was interrupted.
    - `says`: the last line of the agent's text in its last session, at most 200 characters.
    - `queued`: tasks that wait. `waiting`: permission requests and questions that wait for an answer.
    - `tokens`, `cost`: of all sessions that this service started, in US dollars. `cost_today`: since midnight UTC.
    """

    state: Literal["running", "needs_you", "waiting_for_slot", "interrupted", "failed", "idle"]
    since: str
    reason: str | None
    says: str | None
    queued: int
    waiting: int
    session: LastSession | None
    tokens: OverviewTokens
    cost: float
    cost_today: float


class Codebase(TypedDict):
    """A codebase with its agent's configuration and its overview."""

    id: str
    name: str
    path: str
    description: str
    created_at: str
    worker_id: str | None
    registered_by: str | None
    overview: Overview
    agent_config: dict[str, object]
    last_activity: str | None


class Changed(TypedDict):
    """A codebase after a change."""

    success: Literal[True]
    codebase: Codebase


class ChangedFile(TypedDict):
    """A file that a session changed. `action`: what became of it in the session as a whole.

    - `additions`, `deletions`: lines, as far as the file was compared.
    - `diff_recorded`: whether its newest difference is on record. If not, `reason` says why: opencode compared nothing
      (`not_compared`: there is no git repository, the file is too large for it, or the run was cut short), the file has no
      lines (`binary_or_empty`), or the difference is `too_large`.
    - `path_encoding`: present for a name that is not UTF-8; percent-decoded, `path` then gives the name's bytes.
    """

    path: str
    action: Literal["create", "modify", "delete"]
    additions: int
    deletions: int
    diff_recorded: bool
    reason: NotRequired[Literal["not_compared", "binary_or_empty", "too_large"]]
    path_encoding: NotRequired[Literal["percent"]]


class ChangedFiles(TypedDict):
    """The files that a session changed, the last changed first."""

    total: int
    limit: int
    offset: int
    files: list[ChangedFile]


class CodebaseChangedData(TypedDict):
    """A codebase was changed; only changed members are present. `agent_config`: the whole new configuration."""

    action: Literal["changed"]
    codebase_id: str
    name: NotRequired[str]
    description: NotRequired[str]
    agent_config: NotRequired[dict[str, object]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class CodebaseDeletedData(TypedDict):
    """The codebase is hidden from now on; its history stays in the log."""

    action: Literal["deleted"]
    codebase_id: str
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class CodebaseDeletingData(TypedDict):
    """Deletion was requested; the agent is being stopped first."""

    action: Literal["deleting"]
    codebase_id: str
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class CodebaseRegisteredData(TypedDict):
    """A directory was registered; always the first event of its stream. `path`: the real path."""

    action: Literal["registered"]
    codebase_id: str
    name: str
    path: str
    description: NotRequired[str]
    worker_id: NotRequired[str]
    agent_config: NotRequired[dict[str, object]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


CodebaseEvent: TypeAlias = Event[
    Literal["codebase"], CodebaseRegisteredData | CodebaseChangedData | CodebaseDeletingData | CodebaseDeletedData
]
"""An event named `codebase`."""


class CodebaseOverview(TypedDict):
    """The overview of a codebase, or null if it was deleted."""

    codebase: NamedCodebase
    overview: Overview | None


class ListedCodebase(TypedDict):
    """A codebase of the list, with its overview. `registered_by`: null in logs from before 0.2."""

    id: str
    name: str
    path: str
    description: str
    created_at: str
    worker_id: str | None
    registered_by: str | None
    overview: Overview


Codebases: TypeAlias = list[ListedCodebase]
"""All codebases."""


class CompleteData(TypedDict):
    """The session's last event: `completed`, `failed` or `stopped`.

    `finish`: why the model's last answer is truncated: `length` (the model's limit) or `content-filter` (the provider's).
    """

    status: Literal["completed", "failed", "stopped"]
    summary: str
    finish: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


CompleteEvent: TypeAlias = Event[Literal["complete"], CompleteData]
"""An event named `complete`."""


ConsistencyProof = TypedDict(
    "ConsistencyProof", {"from": int, "to": int, "from_root_hash": str, "to_root_hash": str, "hashes": list[str]}
)
"""A proof that the log of `to` events begins with the log of `from` events, as in RFC 6962."""


class CreatedTask(TypedDict):
    """A task as it was created."""

    id: str
    codebase_id: str
    title: str
    status: Literal["pending", "running", "interrupted", "completed", "failed", "cancelled"]
    priority: int
    created_at: str


class Done(TypedDict):
    """The command was executed."""

    success: Literal[True]
    message: str


class ErasureData(TypedDict):
    """Earlier events lost their content permanently; tombstones replace them.

    `erased_by`: the name that the person gave. `tombstones`: the position of each erased event, with the SHA-256 of the
    bytes that are left of it. This event is never erased itself.
    """

    reason: str
    erased_by: str
    tombstones: dict[str, str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


ErasureEvent: TypeAlias = Event[Literal["erasure"], ErasureData]
"""An event named `erasure`."""


class ErrorData(TypedDict):
    """Something failed. Another event follows: `complete`, or `session` with the action `interrupted`."""

    error: str
    code: str
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


ErrorEvent: TypeAlias = Event[Literal["error"], ErrorData]
"""An event named `error`."""


class PermissionAskedData(TypedDict):
    """The agent waits for permission to use a tool, or for answers to the `questions` in `args`.

    `kind`: absent in old logs, before there were questions. `expires_at`: when it is rejected if nobody answers.
    `always`: what `always` would permit, where the agent's program says so; it may be more than the `patterns` asked for.
    """

    action: Literal["asked"]
    permission_id: str
    kind: NotRequired[Literal["permission", "question"]]
    tool: str
    args: dict[str, object]
    patterns: NotRequired[list[str]]
    always: NotRequired[list[str]]
    call_id: NotRequired[str]
    agent_permission_id: str
    subagent: NotRequired[str]
    expires_at: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class PermissionAnsweringData(TypedDict):
    """An answer is on its way to the agent. A `permission` event with the action `replied` records its result."""

    action: Literal["answering"]
    permission_id: str
    reply: Literal["once", "always", "reject"]
    decided_by: Literal["user", "auto_approve", "timeout", "interrupt", "agent"]
    message: NotRequired[str]
    answers: NotRequired[list[list[str]]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class PermissionRepliedData(TypedDict):
    """A permission or question is settled: approved, rejected or answered, and by whom.

    If a `permission` event with the action `answering` came before and `decided_by` is the same, the agent took that
    answer. In old logs without that event, this one was recorded before the answer was sent to the agent.
    """

    action: Literal["replied"]
    permission_id: str
    reply: Literal["once", "always", "reject"]
    decided_by: Literal["user", "auto_approve", "timeout", "interrupt", "agent"]
    message: NotRequired[str]
    answers: NotRequired[list[list[str]]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


PermissionEvent: TypeAlias = Event[
    Literal["permission"], PermissionAskedData | PermissionAnsweringData | PermissionRepliedData
]
"""An event named `permission`."""


class RequestAnsweredData(TypedDict):
    """A request with an idempotency key was carried out; this is its response.

    `fingerprint`: the SHA-256 of the request's content, in hexadecimal. `status`: the HTTP status of the response.
    """

    action: Literal["answered"]
    key: str
    fingerprint: str
    status: NotRequired[int]
    answer: dict[str, object]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


RequestEvent: TypeAlias = Event[Literal["request"], RequestAnsweredData]
"""An event named `request`."""


class MessageSentData(TypedDict):
    """A user's message to the agent: the prompt of a trigger, or a follow-up."""

    message_id: str
    role: NotRequired[str]
    content: str
    agent: str
    model: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


MessageSentEvent: TypeAlias = Event[Literal["message_sent"], MessageSentData]
"""An event named `message_sent`."""


class MessageDeliveredData(TypedDict):
    """This message is being sent to the agent now. It is never sent again, even if the agent ends meanwhile.

    `agent_message_id`: the agent's own id for it.
    """

    message_id: str
    agent_message_id: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


MessageDeliveredEvent: TypeAlias = Event[Literal["message_delivered"], MessageDeliveredData]
"""An event named `message_delivered`."""


class StatusData(TypedDict):
    """The agent's status for people, with a sentence. `pending`: it waits for a slot.

    `attempt`: the number of a retry, from 1. `about`: `files` where the sentence says which file changes are not listed.
    """

    status: Literal["idle", "pending", "running", "interrupted"]
    message: str
    attempt: NotRequired[int]
    about: NotRequired[Literal["files"]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


StatusEvent: TypeAlias = Event[Literal["status"], StatusData]
"""An event named `status`."""


class OutputData(TypedDict):
    """A piece of the agent's text; the pieces of a `part_id` are joined in order.

    `replaces`: this piece replaces all earlier pieces of its part, since the agent took them back.
    """

    type: Literal["text", "reasoning"]
    content: str
    message_id: str
    part_id: str
    replaces: NotRequired[bool]
    subagent: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


OutputEvent: TypeAlias = Event[Literal["output"], OutputData]
"""An event named `output`."""


class ToolUseData(TypedDict):
    """The agent began a tool call. `subagent`: the agent's session of the subagent that called it, if one did."""

    tool: str
    args: dict[str, object]
    call_id: str
    message_id: NotRequired[str]
    subagent: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


ToolUseEvent: TypeAlias = Event[Literal["tool_use"], ToolUseData]
"""An event named `tool_use`."""


class ToolResultData(TypedDict):
    """A tool call ended: `completed` or `error`. `output`: what the agent's model got, or the error.

    `exit_code`: of a command that ended by itself; a `completed` call may have any.

    Where the tool printed more than that, these members describe the whole output, all of the masked text:

    - `whole_id`: its id, under which it is kept beside the log.
    - `whole_bytes`: its size in UTF-8.
    - `whole_sha256`: the hash of a salt and the text; the salt is kept and erased with the text.
    - `whole_kept`, `whole_kept_sha256`: the same of the kept part, where not all is kept.
    - `whole_missing`: why not all is kept.
    """

    tool: str
    call_id: str
    status: Literal["completed", "error"]
    output: NotRequired[str]
    title: NotRequired[str]
    subagent: NotRequired[str]
    exit_code: NotRequired[int]
    whole_id: NotRequired[str]
    whole_bytes: NotRequired[int]
    whole_sha256: NotRequired[str]
    whole_kept: NotRequired[int]
    whole_kept_sha256: NotRequired[str]
    whole_missing: NotRequired[Literal["too_large", "gone", "refused", "changed", "unreadable", "not_kept", "off"]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


ToolResultEvent: TypeAlias = Event[Literal["tool_result"], ToolResultData]
"""An event named `tool_result`."""


class FileChangeData(TypedDict):
    """A file changed. `path`: relative to the codebase, or absolute for a file elsewhere that a tool wrote.

    `path_encoding`: present for a name that is not UTF-8; percent-decoded, `path` then gives the name's bytes.
    """

    action: Literal["create", "modify", "delete"]
    path: str
    path_encoding: NotRequired[Literal["percent"]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


FileChangeEvent: TypeAlias = Event[Literal["file_change"], FileChangeData]
"""An event named `file_change`."""


class FileDiffData(TypedDict):
    """What a prompt's work did to a file, as the agent's program compared it afterwards: also what shells changed.

    - `additions`, `deletions`: lines. `diff`: the unified difference.
    - `diff_missing`: why there is no `diff`: the file has no lines (`binary_or_empty`), or the difference is `too_large`.
    """

    action: Literal["create", "modify", "delete"]
    path: str
    additions: NotRequired[int]
    deletions: NotRequired[int]
    diff: NotRequired[str]
    diff_missing: NotRequired[Literal["binary_or_empty", "too_large"]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


FileDiffEvent: TypeAlias = Event[Literal["file_diff"], FileDiffData]
"""An event named `file_diff`."""


class UsageData(TypedDict):
    """The cost of one step of the model: tokens by kind, and US dollars as the agent computes them."""

    tokens: dict[str, int]
    cost: float
    subagent: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


UsageEvent: TypeAlias = Event[Literal["usage"], UsageData]
"""An event named `usage`."""


class TokensChangedData(TypedDict):
    """Other tokens are valid from now on. Their secrets are not on record.

    `added`, `changed`: what each token allows, by its name. `removed`: names that are no longer valid. The event says
    nothing of who edited the file: the service can't know.
    """

    action: Literal["tokens_changed"]
    added: NotRequired[dict[str, str]]
    changed: NotRequired[dict[str, str]]
    removed: NotRequired[list[str]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class LogReadData(TypedDict):
    """Somebody began to read the log. `codebase`: the only one that was read; absent for the whole log."""

    action: Literal["log_read"]
    read: Literal["export", "outputs", "stream"]
    codebase: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


ServiceEvent: TypeAlias = Event[Literal["service"], TokensChangedData | LogReadData]
"""An event named `service`."""


class SessionStartedData(TypedDict):
    """A trigger was accepted. `waiting`: no slot among the running agents is free.

    `model`: absent if the agent chooses. `status`: `pending` where it waits; up to 0.1.0a1 it was `running` even then.
    """

    action: Literal["started"]
    status: NotRequired[str]
    prompt: str
    agent: str
    model: NotRequired[str]
    files: NotRequired[list[str]]
    metadata: NotRequired[dict[str, object]]
    waiting: NotRequired[bool]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class SessionAdmittedData(TypedDict):
    """A slot is free: a waiting session now runs."""

    action: Literal["admitted"]
    status: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class SessionLinkedData(TypedDict):
    """The agent opened its own session for ours. `model`: the model that it will use."""

    action: Literal["linked"]
    agent_session_id: str
    model: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class SessionResumedData(TypedDict):
    """A message resumed an interrupted session. `waiting` and `status`: as in the action `started`."""

    action: Literal["resumed"]
    status: NotRequired[str]
    waiting: NotRequired[bool]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class SessionInterruptingData(TypedDict):
    """An interrupt was accepted; the agent has not aborted yet."""

    action: Literal["interrupting"]
    status: NotRequired[str]
    reason: NotRequired[Literal["requested", "server_stopped", "server_restarted", "agent_crashed"]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class SessionInterruptedData(TypedDict):
    """The agent has aborted; a message resumes the session."""

    action: Literal["interrupted"]
    status: NotRequired[str]
    reason: NotRequired[Literal["requested", "server_stopped", "server_restarted", "agent_crashed"]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class SessionStoppingData(TypedDict):
    """A stop was accepted; the agent's processes are being ended. `status`: the session's status until they are gone."""

    action: Literal["stopping"]
    status: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class SessionStoppedData(TypedDict):
    """The session ended by request; no process of it is left."""

    action: Literal["stopped"]
    status: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class SessionCompletedData(TypedDict):
    """The agent finished its work. `finish`: why its last answer is truncated, as in the event `complete`."""

    action: Literal["completed"]
    status: NotRequired[str]
    finish: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class SessionFailedData(TypedDict):
    """The agent could not finish; the `error` event before it has the reason."""

    action: Literal["failed"]
    status: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class SessionImportedData(TypedDict):
    """An external session was imported, or more of it, or a newer state of it; its messages follow.

    - `started_at`, `ended_at`: when it began and was last changed. `ended_at` is absent while it seems to be `running`
      elsewhere.
    - `digests`: by the agent's ids, of the messages and of the session itself as they are recorded now.
    - `revision`: present once everything up to this revision is recorded.
    - `left_out`: the number of its messages so far that can't be recorded: too large, with an invalid id, or another
      session's.
    """

    action: Literal["imported"]
    status: Literal["completed", "failed", "stopped", "running"]
    agent_session_id: str
    parent_id: NotRequired[str]
    title: str
    prompt: str
    agent: str
    model: NotRequired[str]
    started_at: str
    ended_at: NotRequired[str]
    digests: dict[str, str]
    revision: NotRequired[str]
    left_out: NotRequired[int]
    imported: NotRequired[bool]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class SessionExtendedData(TypedDict):
    """External messages in a session of this service were imported; they follow. Members as in the action `imported`."""

    action: Literal["extended"]
    agent_session_id: str
    digests: dict[str, str]
    revision: NotRequired[str]
    left_out: NotRequired[int]
    imported: NotRequired[bool]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


SessionEvent: TypeAlias = Event[
    Literal["session"],
    SessionStartedData
    | SessionAdmittedData
    | SessionLinkedData
    | SessionResumedData
    | SessionInterruptingData
    | SessionInterruptedData
    | SessionStoppingData
    | SessionStoppedData
    | SessionCompletedData
    | SessionFailedData
    | SessionImportedData
    | SessionExtendedData,
]
"""An event named `session`."""


class TaskCreatedData(TypedDict):
    """A task was created: by a trigger, which starts it at once, or for the queue.

    `retry_of`: the ended task that it repeats, where it repeats one.
    """

    action: Literal["created"]
    status: NotRequired[str]
    title: str
    prompt: str
    agent_type: str
    model: NotRequired[str]
    priority: NotRequired[int]
    files: NotRequired[list[str]]
    metadata: NotRequired[dict[str, object]]
    retry_of: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class TaskChangedData(TypedDict):
    """A waiting task got another title or prompt. Members that didn't change are absent."""

    action: Literal["changed"]
    status: NotRequired[str]
    title: NotRequired[str]
    prompt: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class TaskMovedData(TypedDict):
    """A waiting task got another place in the queue.

    `before`: the task of the same priority that it is directly ahead of; absent where it is the last of its priority.
    """

    action: Literal["moved"]
    status: NotRequired[str]
    priority: int
    before: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class TaskHeldData(TypedDict):
    """The next task can't start yet, and waits. `code`: a stable code for the reason. `message`: a sentence.

    Recorded once for each reason, however often the task is tried.
    """

    action: Literal["held"]
    status: NotRequired[str]
    code: str
    message: str
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class TaskStartedData(TypedDict):
    """The task's session is the one in `session_id`."""

    action: Literal["started"]
    status: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class TaskInterruptedData(TypedDict):
    """The task's session was interrupted, and the task with it; a message resumes both.

    `error`, `code`: the reason, as in the `error` event before it, where no person asked for the interruption.
    """

    action: Literal["interrupted"]
    status: NotRequired[str]
    reason: NotRequired[Literal["requested", "server_stopped", "server_restarted", "agent_crashed"]]
    error: NotRequired[str]
    code: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class TaskResumedData(TypedDict):
    """The task resumes with its session, or (`pending`) will when a slot is free."""

    action: Literal["resumed"]
    status: NotRequired[Literal["running", "pending"]]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class TaskCompletedData(TypedDict):
    """The task is done. `result`: the agent's last words."""

    action: Literal["completed"]
    status: NotRequired[str]
    result: str
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class TaskFailedData(TypedDict):
    """The task failed. `error`: the reason in one sentence. `code`: a stable code for it."""

    action: Literal["failed"]
    status: NotRequired[str]
    error: str
    code: str
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class TaskCancelledData(TypedDict):
    """The task was ended by request before it was done."""

    action: Literal["cancelled"]
    status: NotRequired[str]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


TaskEvent: TypeAlias = Event[
    Literal["task"],
    TaskCreatedData
    | TaskChangedData
    | TaskMovedData
    | TaskHeldData
    | TaskStartedData
    | TaskInterruptedData
    | TaskResumedData
    | TaskCompletedData
    | TaskFailedData
    | TaskCancelledData,
]
"""An event named `task`."""


class MessageImportedData(TypedDict):
    """An imported message, in its state when it was read; a later event with the same id has its newer state.

    `tools`: its calls, each with `tool`, `args`, `call_id`, `status` and `output`.
    """

    message_id: str
    role: Literal["user", "assistant"]
    content: str
    reasoning: NotRequired[str]
    tools: NotRequired[list[dict[str, object]]]
    created_at: str
    agent: NotRequired[str]
    model: NotRequired[str]
    tokens: NotRequired[dict[str, int]]
    cost: NotRequired[float]
    error: NotRequired[str]
    imported: NotRequired[bool]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


MessageImportedEvent: TypeAlias = Event[Literal["message_imported"], MessageImportedData]
"""An event named `message_imported`."""


class OutputImportedData(TypedDict):
    """The whole output of a tool call in an imported message, which has only a part of it.

    It follows the `message_imported` event. `message_id`, `call_id`: which call. The other members are those of a
    `tool_result`.
    """

    message_id: str
    tool: str
    call_id: str
    whole_id: NotRequired[str]
    whole_bytes: NotRequired[int]
    whole_sha256: NotRequired[str]
    whole_kept: NotRequired[int]
    whole_kept_sha256: NotRequired[str]
    whole_missing: NotRequired[Literal["too_large", "gone", "refused", "changed", "unreadable", "not_kept", "off"]]
    imported: NotRequired[bool]
    session_id: NotRequired[str]
    task_id: NotRequired[str]
    timestamp: str
    correlation_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


OutputImportedEvent: TypeAlias = Event[Literal["output_imported"], OutputImportedData]
"""An event named `output_imported`."""


AnyEvent: TypeAlias = (
    CodebaseEvent
    | ErasureEvent
    | PermissionEvent
    | AccessEvent
    | RequestEvent
    | MessageSentEvent
    | MessageDeliveredEvent
    | StatusEvent
    | OutputEvent
    | ToolUseEvent
    | ToolResultEvent
    | FileChangeEvent
    | FileDiffEvent
    | UsageEvent
    | CompleteEvent
    | ErrorEvent
    | ServiceEvent
    | SessionEvent
    | TaskEvent
    | MessageImportedEvent
    | OutputImportedEvent
)
"""An event of a stream: its `id`, its name as `event`, and its `data`, parsed as JSON."""


class FoundText(TypedDict):
    """A text that was found. `sequence`: its event in the codebase's stream, or its first one.

    - `session_id` is null for the prompt of a task that has no session.
    - `excerpt`: the words around what was found first, as plain text, with `…` where something is left out. It has at most
      300 characters.
    - `marks`: what was found, as pairs of the first character in the excerpt and the one behind it. They count Unicode
      characters (code points). There are none where a long text would take too long to look through.
    """

    codebase: NamedCodebase
    session_id: str | None
    task_id: str | None
    kind: Literal["prompt", "answer", "command", "path"]
    sequence: int
    at: str
    excerpt: str
    marks: list[list[int]]


class Found(TypedDict):
    """Texts with all words of the query, newest first."""

    total: int
    limit: int
    offset: int
    results: list[FoundText]


class Held(TypedDict):
    """Why a task can't start now: a stable code, and a sentence that says what to do."""

    code: str
    message: str


class InclusionProof(TypedDict):
    """A proof that the event at `position` is in the log of `size` events, as in RFC 6962."""

    position: int
    size: int
    leaf_hash: str
    root_hash: str
    hashes: list[str]


class ListedTask(TypedDict):
    """A task of a list. Members without a value are omitted.

    `reason`: a stable code for why it is interrupted or can't start now. `retry_of`: the task that it repeats. `place`: its
    place in the queue of its codebase, where 1 is the next to start. `by`, `via`: who created it.
    """

    id: str
    codebase_id: str
    title: str
    status: Literal["pending", "running", "interrupted", "completed", "failed", "cancelled"]
    priority: int
    created_at: str
    agent_type: str
    session_id: NotRequired[str]
    started_at: NotRequired[str]
    completed_at: NotRequired[str]
    reason: NotRequired[str]
    retry_of: NotRequired[str]
    place: NotRequired[int]
    by: NotRequired[str]
    via: NotRequired[str]


class LoggedEvent(TypedDict):
    """An event of the log. `data`: the data of an `Event` named `type`. `hash`: the hash of its leaf in the log's tree, in hex."""

    sequence: int
    position: int
    type: str
    data: object
    hash: str


class LogPage(TypedDict):
    """A page of a codebase's log. `next`: the `after` of the next page; null at the end."""

    events: list[LoggedEvent]
    head: int
    next: int | None


class WholeOutput(TypedDict):
    """A tool's whole output, if it is longer than what the agent's model was given.

    `address`: where to read it. `bytes`: its length. `kept`: how many of its bytes were recorded. `missing`: why not all.
    """

    address: NotRequired[str]
    bytes: NotRequired[int]
    kept: int
    missing: NotRequired[Literal["too_large", "gone", "refused", "changed", "unreadable", "not_kept", "off"]]


class ToolCall(TypedDict):
    """A tool call of the agent. `output`: what the agent's model was given."""

    tool: str
    args: dict[str, object]
    call_id: str
    status: Literal["running", "completed", "error"]
    output: str | None
    whole_output: NotRequired[WholeOutput]


class Message(TypedDict):
    """A user's message, or one step of the agent. `model`: its author or recipient; omitted if unknown.

    `by`, `via`: who sent it, of a user's message.
    """

    id: str
    role: Literal["user", "assistant"]
    content: str
    timestamp: str
    model: NotRequired[str]
    reasoning: NotRequired[str]
    tools: NotRequired[list[ToolCall]]
    error: NotRequired[str]
    imported: NotRequired[bool]
    by: NotRequired[str]
    via: NotRequired[str]


class Messages(TypedDict):
    """Messages of a session in the order in which they began. `limit` is null if it was omitted."""

    messages: list[Message]
    total: int
    limit: int | None
    offset: int


class Model(TypedDict):
    """A model that agents can use."""

    id: str
    name: str
    provider: str


Models: TypeAlias = list[Model]
"""All models."""


class NewTask(TypedDict):
    """A task for the queue. A higher `priority` starts first."""

    title: str
    prompt: str
    agent_type: NotRequired[Literal["build", "plan", "explore", "general"]]
    model: NotRequired[str | None]
    priority: NotRequired[int]
    files: NotRequired[list[str]]
    metadata: NotRequired[dict[str, object]]


class NoBody(TypedDict):
    """An empty body."""


OverviewEvent: TypeAlias = Event[Literal["overview"], CodebaseOverview]
"""An event of the stream of overviews: its `id`, its name as `event`, and its `data`, parsed as JSON."""


class Permission(TypedDict):
    """A request of an agent: permission to use a tool, or answers to the `questions` in `args`.

    `patterns`: what it asks for. `always`: what `always` would permit; it may be more.
    `reply`, `decided_by`, `answered_at` and `answered_by` are null while it waits. `answered_by` is also null where a log from
    before 0.2 doesn't say who it was, and where it was no person. `answered_via`: who vouches for that name. The `args` and
    `patterns` of an answered one are empty; the log has them.
    """

    id: str
    kind: Literal["permission", "question"]
    tool: str
    args: dict[str, object]
    patterns: list[str]
    always: list[str]
    session_id: str
    task_id: str | None
    asked_at: str
    expires_at: str | None
    reply: Literal["once", "always", "reject"] | None
    decided_by: Literal["user", "auto_approve", "timeout", "interrupt", "agent"] | None
    answered_at: str | None
    answered_by: str | None
    call_id: NotRequired[str]
    subagent: NotRequired[str]
    answered_via: NotRequired[str]


class Permissions(TypedDict):
    """Requests of one status, newest first."""

    total: int
    limit: int
    offset: int
    permissions: list[Permission]


class Problem(TypedDict):
    """An error: a sentence for people and a stable code for programs."""

    detail: str
    code: str


class Ready(TypedDict):
    """Whether the service is ready.

    `position`: the end of the log. `opencode`, `log` and `views`: `ok`, or what is wrong with them.
    """

    status: Literal["ok", "degraded"]
    position: int
    opencode: str
    log: str
    views: str


class RegisterCodebase(TypedDict):
    """A directory to register."""

    name: str
    path: str
    description: NotRequired[str | None]
    agent_config: NotRequired[AgentConfig | None]
    worker_id: NotRequired[str | None]


class RegisteredCodebase(TypedDict):
    """A codebase as it was registered."""

    id: str
    name: str
    path: str
    description: str
    created_at: str


class Registered(TypedDict):
    """A directory was registered."""

    success: Literal[True]
    codebase: RegisteredCodebase


class ReplyPermission(TypedDict):
    """The answer to a permission request or a question. `message`: the reason for a `reject`, sent to the agent.

    `answers`, for a question: one list for each of `args.questions`, with the labels of the chosen options or with other
    text. An empty list leaves that question unanswered.
    """

    reply: Literal["once", "always", "reject"]
    message: NotRequired[str | None]
    answers: NotRequired[list[list[str]] | None]


class RetriedTask(TypedDict):
    """A new task that repeats an ended one."""

    id: str
    codebase_id: str
    title: str
    status: Literal["pending", "running", "interrupted", "completed", "failed", "cancelled"]
    priority: int
    created_at: str
    retry_of: str


class SendMessage(TypedDict):
    """A message for a running or interrupted session."""

    message: str
    agent: NotRequired[Literal["build", "plan", "explore", "general"] | None]
    model: NotRequired[str | None]


class ServiceStatus(TypedDict):
    """Whether agents can run on this server."""

    available: bool
    message: str
    opencode_binary: str
    registered_codebases: int
    auto_start: bool


class Session(TypedDict):
    """A session. `tokens` are counted by kind, `cost` is in US dollars. `imported`: it was run with opencode itself.

    `started_at`: when its work began; null while it waits for a free agent slot. `reason`: why it is interrupted, or why
    the model's last answer was truncated (`length`, `content-filter`). `by`, `via`: who started it.
    """

    id: str
    codebase_id: str
    started_at: str | None
    ended_at: str | None
    status: Literal["pending", "running", "interrupted", "completed", "failed", "stopped"]
    model: str | None
    prompt: str
    messages_count: int
    agent: str
    task_id: str | None
    tokens: dict[str, int]
    cost: float
    imported: NotRequired[bool]
    title: NotRequired[str]
    reason: NotRequired[str]
    parent_id: NotRequired[str]
    by: NotRequired[str]
    via: NotRequired[str]


class Sessions(TypedDict):
    """Sessions, newest first."""

    total: int
    limit: int
    offset: int
    sessions: list[Session]


class SignIn(TypedDict):
    """A token for the page."""

    token: str


class SignedIn(TypedDict):
    """A login. The cookie comes in the header `Set-Cookie`."""

    success: Literal[True]
    scopes: list[Literal["read", "operate", "audit"]]
    expires_at: str
    page_key: str


class Synced(TypedDict):
    """How many sessions were imported or updated, and how many could not be imported, or only in part (`skipped`)."""

    success: Literal[True]
    message: str
    synced: int
    skipped: NotRequired[int]


class Task(TypedDict):
    """A task with its prompt and result."""

    id: str
    codebase_id: str
    title: str
    status: Literal["pending", "running", "interrupted", "completed", "failed", "cancelled"]
    priority: int
    created_at: str
    agent_type: str
    session_id: NotRequired[str]
    started_at: NotRequired[str]
    completed_at: NotRequired[str]
    reason: NotRequired[str]
    retry_of: NotRequired[str]
    place: NotRequired[int]
    by: NotRequired[str]
    via: NotRequired[str]
    prompt: str
    model: NotRequired[str]
    metadata: dict[str, object]
    result: NotRequired[str]
    error: NotRequired[str]
    code: NotRequired[str]


class TaskChanged(TypedDict):
    """A task after a change."""

    success: Literal[True]
    task: Task


class TaskCreated(TypedDict):
    """A task was queued. `held`: what keeps it from starting; omitted if nothing does."""

    success: Literal[True]
    task: CreatedTask
    held: NotRequired[Held]


class TaskRetried(TypedDict):
    """An ended task was queued once more. `held`: what keeps it from starting; omitted if nothing does."""

    success: Literal[True]
    task: RetriedTask
    held: NotRequired[Held]


class Tasks(TypedDict):
    """Tasks, newest first, or in the order in which they start."""

    total: int
    limit: int
    offset: int
    tasks: list[ListedTask]


class TriggerAgent(TypedDict):
    """A prompt that starts an agent."""

    prompt: str
    agent: NotRequired[Literal["build", "plan", "explore", "general"]]
    model: NotRequired[str | None]
    files: NotRequired[list[str]]
    metadata: NotRequired[dict[str, object]]


class Triggered(TypedDict):
    """A session was started, or it waits for a free agent slot (`pending`)."""

    success: Literal[True]
    message: str
    session_id: str
    task_id: str
    status: Literal["running", "pending"]
