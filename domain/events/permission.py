"""The events of permissions and questions: what the agent asked, and who decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..ids import AgentPermissionId, AgentSessionId, PermissionId, Timestamp
from .event import Event, Json, kind

Decider: TypeAlias = Literal["user", "auto_approve", "timeout", "interrupt", "agent"]
"""Who decided. `agent`: the agent settled it itself, without our answer."""

Reply: TypeAlias = Literal["once", "always", "reject"]
"""How a permission or question was answered; a question takes `once` or `reject`."""

PermissionKind: TypeAlias = Literal["permission", "question"]

Answers: TypeAlias = tuple[tuple[str, ...], ...]
"""For each question of the agent the chosen labels, or free text; empty for an unanswered question."""


@kind("permission", "asked")
@dataclass(frozen=True, kw_only=True)
class PermissionAsked(Event):
    """The agent waits for permission to use a tool, or for answers to the `questions` in `args`.

    `kind`: absent in old logs, before there were questions. `expires_at`: when it is rejected if nobody answers.
    `always`: what `always` would permit, where the agent's program says so; it may be more than the `patterns` asked for.
    """

    permission_id: PermissionId
    kind: PermissionKind | None = None
    tool: str
    args: Mapping[str, Json]
    patterns: tuple[str, ...] = ()
    always: tuple[str, ...] | None = None
    call_id: str | None = None
    agent_permission_id: AgentPermissionId
    subagent: AgentSessionId | None = None
    expires_at: Timestamp | None = None


@kind("permission", "answering")
@dataclass(frozen=True, kw_only=True)
class PermissionAnswering(Event):
    """An answer is on its way to the agent. A `permission` event with the action `replied` records its result."""

    permission_id: PermissionId
    reply: Reply
    decided_by: Decider
    message: str | None = None
    answers: Answers | None = None


@kind("permission", "replied")
@dataclass(frozen=True, kw_only=True)
class PermissionReplied(Event):
    """A permission or question is settled: approved, rejected or answered, and by whom.

    If a `permission` event with the action `answering` came before and `decided_by` is the same, the agent took that
    answer. In old logs without that event, this one was recorded before the answer was sent to the agent.
    """

    permission_id: PermissionId
    reply: Reply
    decided_by: Decider
    message: str | None = None
    answers: Answers | None = None
