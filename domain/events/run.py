"""The events of a run: what users and agents say and do, the cost, the progress and the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..ids import AgentSessionId, MessageId, OutputId
from ..whole_output import Missing
from .event import Event, Json, kind


@kind("message_sent")
@dataclass(frozen=True, kw_only=True)
class MessageSent(Event):
    """A user's message to the agent: the prompt of a trigger, or a follow-up."""

    message_id: MessageId
    role: str = "user"
    content: str
    agent: str
    model: str | None = None


@kind("message_delivered")
@dataclass(frozen=True, kw_only=True)
class MessageDelivered(Event):
    """This message is being sent to the agent now. It is never sent again, even if the agent ends meanwhile.

    `agent_message_id`: the agent's own id for it.
    """

    message_id: MessageId
    agent_message_id: str | None = None


@kind("status")
@dataclass(frozen=True, kw_only=True)
class Status(Event):
    """The agent's status for people, with a sentence. `pending`: it waits for a slot.

    `attempt`: the number of a retry, from 1. `about`: `files` where the sentence says which file changes are not listed.
    """

    status: Literal["idle", "pending", "running", "interrupted"]
    message: str
    attempt: int | None = None
    about: Literal["files"] | None = None


@kind("output")
@dataclass(frozen=True, kw_only=True)
class Output(Event):
    """A piece of the agent's text; the pieces of a `part_id` are joined in order.

    `replaces`: this piece replaces all earlier pieces of its part, since the agent took them back.
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
    """The agent began a tool call. `subagent`: the agent's session of the subagent that called it, if one did."""

    tool: str
    args: Mapping[str, Json]
    call_id: str
    message_id: str | None = None
    subagent: AgentSessionId | None = None


@kind("tool_result")
@dataclass(frozen=True, kw_only=True)
class ToolResult(Event):
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
    output: str = ""
    title: str | None = None
    subagent: AgentSessionId | None = None
    exit_code: int | None = None
    whole_id: OutputId | None = None
    whole_bytes: int | None = None
    whole_sha256: str | None = None
    whole_kept: int | None = None
    whole_kept_sha256: str | None = None
    whole_missing: Missing | None = None


@kind("file_change")
@dataclass(frozen=True, kw_only=True)
class FileChange(Event):
    """A file changed. `path`: relative to the codebase, or absolute for a file elsewhere that a tool wrote.

    `path_encoding`: present for a name that is not UTF-8; percent-decoded, `path` then gives the name's bytes.
    """

    # In the JSON this member is called `action`, which the customer's document fixes.
    change: Literal["create", "modify", "delete"]
    path: str
    path_encoding: Literal["percent"] | None = None


@kind("file_diff")
@dataclass(frozen=True, kw_only=True)
class FileDiff(Event):
    """What a prompt's work did to a file, as the agent's program compared it afterwards: also what shells changed.

    - `additions`, `deletions`: lines. `diff`: the unified difference.
    - `diff_missing`: why there is no `diff`: the file has no lines (`binary_or_empty`), or the difference is `too_large`.
    """

    # In the JSON this member is called `action`, as in `file_change`.
    change: Literal["create", "modify", "delete"]
    path: str
    additions: int = 0
    deletions: int = 0
    diff: str | None = None
    diff_missing: Literal["binary_or_empty", "too_large"] | None = None


@kind("usage")
@dataclass(frozen=True, kw_only=True)
class Usage(Event):
    """The cost of one step of the model: tokens by kind, and US dollars as the agent computes them."""

    tokens: Mapping[str, int]
    cost: float
    subagent: AgentSessionId | None = None


@kind("complete")
@dataclass(frozen=True, kw_only=True)
class Complete(Event):
    """The session's last event: `completed`, `failed` or `stopped`.

    `finish`: why the model's last answer is truncated: `length` (the model's limit) or `content-filter` (the provider's).
    """

    status: Literal["completed", "failed", "stopped"]
    summary: str
    finish: str | None = None


@kind("error")
@dataclass(frozen=True, kw_only=True)
class Error(Event):
    """Something failed. Another event follows: `complete`, or `session` with the action `interrupted`."""

    error: str
    code: str
