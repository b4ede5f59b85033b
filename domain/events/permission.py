"""The events of permissions and questions: what the agent asked of people, and who decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..ids import AgentPermissionId, AgentSessionId, PermissionId, Timestamp
from .event import Event, Json, kind

Decider: TypeAlias = Literal["user", "auto_approve", "timeout", "interrupt", "agent"]
"""Who answered a question of permission; `agent`: it settled the question itself, without asking us."""

PermissionKind: TypeAlias = Literal["permission", "question"]

Answers: TypeAlias = tuple[tuple[str, ...], ...]
"""For each question of the agent the labels that were chosen, or other words; none where it was left open."""


@kind("permission", "asked")
@dataclass(frozen=True, kw_only=True)
class PermissionAsked(Event):
    """The agent waits for leave to use a tool, or for answers to the `questions` in `args`.

    `kind`: None was written before there were questions. `expires_at`: when it is refused if nobody answers.
    """

    permission_id: PermissionId
    kind: PermissionKind | None = None
    tool: str
    args: Mapping[str, Json]
    patterns: tuple[str, ...] = ()
    call_id: str | None = None
    agent_permission_id: AgentPermissionId
    subagent: AgentSessionId | None = None
    expires_at: Timestamp | None = None


@kind("permission", "answering")
@dataclass(frozen=True, kw_only=True)
class PermissionAnswering(Event):
    """Somebody wishes this answer, and the agent is given it now; `PermissionReplied` says what came of it."""

    permission_id: PermissionId
    reply: Literal["once", "always", "reject"]
    decided_by: Decider
    message: str | None = None
    answers: Answers | None = None


@kind("permission", "replied")
@dataclass(frozen=True, kw_only=True)
class PermissionReplied(Event):
    """What was asked is settled: leave was given or refused, or a question answered, and by whom.

    Where a `PermissionAnswering` came before, the agent took that answer if `decided_by` is the same. In logs without
    one, this was recorded before the agent was given the answer.
    """

    permission_id: PermissionId
    reply: Literal["once", "always", "reject"]
    decided_by: Decider
    message: str | None = None
    answers: Answers | None = None
