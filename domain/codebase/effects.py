"""Effects, as data: what the domain asks of the outside. The actor carries them out in order, after the commit."""

from dataclasses import dataclass
from typing import TypeAlias

from ..events import Answers, Reply
from ..ids import (
    AgentPermissionId,
    AgentSessionId,
    MessageId,
    PermissionId,
    SessionId,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """Send a user's message to the agent; this starts its process and opens its session if necessary.

    `agent_session_id`: None for a session that the agent has not opened. `model`: None lets the agent choose.
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
    """Abort the agent's work on its session; `AgentAborted` reports the end. Overtakes prompts that were not sent yet."""


@dataclass(frozen=True, slots=True)
class StopAgent:
    """End the agent's processes; `AgentStopped` reports the end. Overtakes everything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerPermission:
    """Send a reply to the agent; `AnswerFailed` reports that the agent didn't take it."""

    session_id: SessionId
    agent_permission_id: AgentPermissionId
    reply: Reply
    message: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerQuestion:
    """Send answers to the agent, as `AnswerPermission` does. None rejects the question, and the agent ends its run."""

    session_id: SessionId
    agent_permission_id: AgentPermissionId
    answers: Answers | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitPermission:
    """Reject this permission by `ReplyPermission(decided_by="timeout")` if nobody answers within the limit."""

    permission_id: PermissionId


Effect: TypeAlias = Prompt | Abort | StopAgent | AnswerPermission | AnswerQuestion | LimitPermission
