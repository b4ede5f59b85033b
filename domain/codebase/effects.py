"""What the domain wishes of the outside, as data. The actor carries them out in order, after the commit."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..events import Answers
from ..ids import (
    AgentPermissionId,
    AgentSessionId,
    MessageId,
    PermissionId,
    SessionId,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """Give the agent a user's words; starts its process and opens its session where there is none yet.

    `agent_session_id` is None for a session that the agent has not opened; `model` None lets the agent choose.
    """

    session_id: SessionId
    agent_session_id: AgentSessionId | None
    message_id: MessageId
    text: str
    agent: str
    model: str | None
    files: tuple[str, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Abort:
    """Make the agent let go of its session; answered by `AgentAborted`. Overtakes prompts not yet given."""


@dataclass(frozen=True, slots=True)
class StopAgent:
    """End the agent's processes; answered by `AgentStopped`. Overtakes everything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerPermission:
    """Hand a reply to the agent; where it doesn't take it, that is reported as `AnswerFailed`."""

    session_id: SessionId
    agent_permission_id: AgentPermissionId
    reply: Literal["once", "always", "reject"]
    message: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerQuestion:
    """Hand the answers to the agent, as a reply is; None: nobody answers, and the agent ends its run."""

    session_id: SessionId
    agent_permission_id: AgentPermissionId
    answers: Answers | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitPermission:
    """Refuse this permission by `ReplyPermission(decided_by="timeout")` if nobody answers within the limit."""

    permission_id: PermissionId


Effect: TypeAlias = Prompt | Abort | StopAgent | AnswerPermission | AnswerQuestion | LimitPermission
