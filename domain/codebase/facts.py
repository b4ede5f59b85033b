"""Facts that an agent reports, in the domain's words, whatever agent it is.

Facts carry our own session's id. They arrive in the order in which they happened. `RunEnded` is the last fact of its
run. `AgentAborted` and `AgentStopped` come after everything that the agent still had to report.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..events import Answers, Json, PermissionKind, Reply
from ..failure import Failure
from ..file_trees import Action, PathEncoding
from ..ids import AgentPermissionId, AgentSessionId, MessageId, SessionId
from ..whole_output import AgentOutput, WholeOutput

Truncation: TypeAlias = Literal["length", "content-filter"]
"""Why the last answer is truncated: the model's limit of length, or the provider's filter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionOpened:
    """The agent opened its own session for ours, and will use this model."""

    session_id: SessionId
    agent_session_id: AgentSessionId
    model: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptTaken:
    """This prompt is about to be sent to the agent. It must not be sent if the agent may not go on: see `Deliver`.

    `agent_message_id`: the agent's own id for it, where it has one.
    """

    session_id: SessionId
    message_id: MessageId
    agent_message_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TextStreamed:
    """A piece of text, gathered over some milliseconds. `replaces`: it replaces all earlier pieces of its part."""

    session_id: SessionId
    kind: Literal["text", "reasoning"]
    content: str
    message_id: str
    part_id: str
    replaces: bool = False
    subagent: AgentSessionId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolStarted:
    """A tool call began; its arguments are complete."""

    session_id: SessionId
    call_id: str
    tool: str
    args: Mapping[str, Json]
    message_id: str | None = None
    subagent: AgentSessionId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolEnded:
    """A tool call ended. `whole`: where the rest of its output is, or what was kept of it. `exit_code`: a command's."""

    session_id: SessionId
    call_id: str
    tool: str
    status: Literal["completed", "error"]
    output: str
    title: str | None = None
    subagent: AgentSessionId | None = None
    exit_code: int | None = None
    whole: AgentOutput | WholeOutput | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChanged:
    """A file changed. `path`: relative to the codebase. `path_encoding`: how a name that is not UTF-8 is written there."""

    session_id: SessionId
    action: Action
    path: str
    path_encoding: PathEncoding | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileCompared:
    """What a prompt's work did to a file in the end. `diff`: the unified difference, or why there is none (`missing`)."""

    session_id: SessionId
    action: Action
    path: str
    additions: int = 0
    deletions: int = 0
    diff: str | None = None
    missing: Literal["binary_or_empty", "too_large"] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FilesUnknown:
    """Files may have changed that are not listed. `reason`: why, in one sentence."""

    session_id: SessionId
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StepUsed:
    """Tokens (input, output, reasoning, cache_read, cache_write) and cost in US dollars of one step of the model."""

    session_id: SessionId
    tokens: Mapping[str, int]
    cost: float
    subagent: AgentSessionId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryScheduled:
    """The model's provider failed; the agent retries in `delay` seconds. `attempt`: counts from 1."""

    session_id: SessionId
    attempt: int
    reason: str
    delay: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PermissionRequested:
    """The agent waits for permission to use a tool, or (`kind`) for answers to the `questions` in `args`."""

    session_id: SessionId
    agent_permission_id: AgentPermissionId
    tool: str
    args: Mapping[str, Json]
    kind: PermissionKind = "permission"
    patterns: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    call_id: str | None = None
    subagent: AgentSessionId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PermissionSettled:
    """A permission or question is settled. `ours`: by our latest answer; otherwise by the agent itself."""

    session_id: SessionId
    agent_permission_id: AgentPermissionId
    reply: Reply
    answers: Answers | None = None
    ours: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnded:
    """The agent's run ended. `answers`: the last prompt that it got; an end before a newer prompt isn't the end.

    `summary`: its last words. `failure`: why the run failed; None for a completed run. `finish`: why the last answer
    is truncated, where it is: `length` or `content-filter`.
    """

    session_id: SessionId
    answers: MessageId
    summary: str = ""
    failure: Failure | None = None
    finish: Truncation | None = None

    @property
    def outcome(self) -> Literal["completed", "failed"]:
        """How the run ended."""
        return "failed" if self.failure else "completed"


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptFailed:
    """A prompt could not be sent to the agent at all."""

    session_id: SessionId
    message_id: MessageId
    failure: Failure


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerFailed:
    """An answer is on record, and the agent did not take it although it was retried."""

    session_id: SessionId
    failure: Failure


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentAborted:
    """The agent aborted its work: it runs nothing and waits for nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentStopped:
    """No process of the agent is left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentDied:
    """The agent's process ended unexpectedly, and its remains were removed.

    `code`: why the service had to end it, if it had to; `reason` is then the whole sentence.
    """

    reason: str
    code: str | None = None


Fact: TypeAlias = (
    SessionOpened
    | PromptTaken
    | TextStreamed
    | ToolStarted
    | ToolEnded
    | FileChanged
    | FileCompared
    | FilesUnknown
    | StepUsed
    | RetryScheduled
    | PermissionRequested
    | PermissionSettled
    | RunEnded
    | PromptFailed
    | AnswerFailed
    | AgentAborted
    | AgentStopped
    | AgentDied
)
