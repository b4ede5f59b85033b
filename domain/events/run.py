"""The events of a run: what users and agents say and do, what it costs, and how it goes and ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..ids import AgentSessionId, MessageId, OutputId
from ..outputs.whole import Missing
from .event import Event, Json, kind


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
    """The agent's state for people, and a sentence. `pending`: it waits for room.

    `attempt`: of a retry, from 1. `about` is `files` where the sentence says which changed files are not named.
    """

    status: Literal["idle", "pending", "running", "interrupted"]
    message: str
    attempt: int | None = None
    about: Literal["files"] | None = None


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
    """A tool call ended: `completed` or `error`; `output` is what the agent's model was given, or the error's words.

    Where the tool printed more than that: `whole_id` names the whole as it is kept beside the log, `whole_bytes` is its size
    in UTF-8, and `whole_sha256` the hash of a salt, kept and erased with it, and the text. `whole_kept` and
    `whole_kept_sha256`: as much as is kept, where it isn't all. `whole_missing`: why it isn't. All are of the masked text.
    """

    tool: str
    call_id: str
    status: Literal["completed", "error"]
    output: str = ""
    title: str | None = None
    subagent: AgentSessionId | None = None
    whole_id: OutputId | None = None
    whole_bytes: int | None = None
    whole_sha256: str | None = None
    whole_kept: int | None = None
    whole_kept_sha256: str | None = None
    whole_missing: Missing | None = None


@kind("file_change")
@dataclass(frozen=True, kw_only=True)
class FileChange(Event):
    """A file of the codebase changed; `path` is relative to it. A file elsewhere that a tool wrote has its absolute path.

    `path_encoding` is there for a name that is no UTF-8: percent-decoded, `path` is then the name's bytes.
    """

    # The document's own member is called `action`, hence no class-level discriminator for this topic.
    change: Literal["create", "modify", "delete"]
    path: str
    path_encoding: Literal["percent"] | None = None


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
    """The session's last event: `completed`, `failed` or `stopped`.

    `finish`: the model did not say all of its last answer, for `length` (its limit) or `content-filter` (its provider's).
    """

    status: Literal["completed", "failed", "stopped"]
    summary: str
    finish: str | None = None


@kind("error")
@dataclass(frozen=True, kw_only=True)
class Error(Event):
    """Something failed; never the only sign of an outcome: `complete` or an interrupted `session` follows."""

    error: str
    code: str
