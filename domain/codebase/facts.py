"""What an agent reports, in the domain's words, whatever agent it is.

Facts carry our own session's id. They arrive in the order in which they happened; `RunEnded` is the last of its
run, and `AgentAborted` and `AgentStopped` come after all that the agent still had to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..events import Answers, Json, PermissionKind
from ..failure import Failure
from ..file_trees import Action, PathEncoding
from ..ids import AgentPermissionId, AgentSessionId, MessageId, SessionId
from ..outputs.whole import AgentOutput, WholeOutput


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionOpened:
    """The agent opened a session of its own for ours, and will use this model."""

    session_id: SessionId
    agent_session_id: AgentSessionId
    model: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptTaken:
    """The agent is about to be given this prompt. If it may not go on, it must not be given it: see `Deliver`.

    `agent_message_id`: the agent's own name for it, where it has one.
    """

    session_id: SessionId
    message_id: MessageId
    agent_message_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TextStreamed:
    """A piece of text, already gathered over some milliseconds. `replaces`: it stands for all of the part before it."""

    session_id: SessionId
    kind: Literal["text", "reasoning"]
    content: str
    message_id: str
    part_id: str
    replaces: bool = False
    subagent: AgentSessionId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolStarted:
    """A tool call began, its arguments whole."""

    session_id: SessionId
    call_id: str
    tool: str
    args: Mapping[str, Json]
    message_id: str | None = None
    subagent: AgentSessionId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolEnded:
    """A tool call ended, well or badly. `whole`: where there is more of its output, or what was kept of that."""

    session_id: SessionId
    call_id: str
    tool: str
    status: Literal["completed", "error"]
    output: str
    title: str | None = None
    subagent: AgentSessionId | None = None
    whole: AgentOutput | WholeOutput | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileChanged:
    """A file changed; `path` is relative to the codebase. `path_encoding`: how a name that is no UTF-8 stands there."""

    session_id: SessionId
    action: Action
    path: str
    path_encoding: PathEncoding | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FilesUnknown:
    """Files may have changed, or have, that are not named: why, in a sentence."""

    session_id: SessionId
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StepUsed:
    """Tokens (input, output, reasoning, cache_read, cache_write) and dollars of one step of the model."""

    session_id: SessionId
    tokens: Mapping[str, int]
    cost: float
    subagent: AgentSessionId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryScheduled:
    """The model's provider failed and will be asked again in `delay` seconds; `attempt` counts from 1."""

    session_id: SessionId
    attempt: int
    reason: str
    delay: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PermissionRequested:
    """The agent waits for leave to use a tool, or (`kind`) for answers to the `questions` in `args`."""

    session_id: SessionId
    agent_permission_id: AgentPermissionId
    tool: str
    args: Mapping[str, Json]
    kind: PermissionKind = "permission"
    patterns: tuple[str, ...] = ()
    call_id: str | None = None
    subagent: AgentSessionId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PermissionSettled:
    """What the agent asked is settled. `ours`: by the answer that it was given last, and else by the agent itself."""

    session_id: SessionId
    agent_permission_id: AgentPermissionId
    reply: Literal["once", "always", "reject"]
    answers: Answers | None = None
    ours: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEnded:
    """The agent came to rest. `answers` is the last prompt it was given: an end before a newer prompt isn't the end.

    `summary`: its last words. `failure`: why the run failed; None for a completed run. `finish`: why the last answer
    is truncated, where it is: `length` or `content-filter`.
    """

    session_id: SessionId
    answers: MessageId
    summary: str = ""
    failure: Failure | None = None
    finish: Literal["length", "content-filter"] | None = None

    @property
    def outcome(self) -> Literal["completed", "failed"]:
        """How the run ended."""
        return "failed" if self.failure else "completed"


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptFailed:
    """A prompt could not be given to the agent at all."""

    session_id: SessionId
    message_id: MessageId
    failure: Failure


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerFailed:
    """An answer is on record and the agent did not take it, though it was tried again."""

    session_id: SessionId
    failure: Failure


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentAborted:
    """The agent let go of its session: it runs nothing and waits for nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentStopped:
    """No process of the agent is left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentDied:
    """The agent's process ended by itself, and what it left behind was swept.

    `code`: where it had to be ended for something, what that was; `reason` is then the whole sentence.
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
