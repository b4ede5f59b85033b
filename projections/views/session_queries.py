"""Queries over sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import orjson

from ...domain.ids import (
    AgentSessionId,
    CodebaseId,
    Sequence,
    SessionId,
    TaskId,
    Timestamp,
)
from ..database import Fetch
from .page import Page, select_page

SessionStatus: TypeAlias = Literal["pending", "running", "interrupted", "completed", "failed", "stopped"]

_COLUMNS: Final = (
    "id, codebase_id, agent_session_id, task_id, status, started_at, ended_at, model, agent, prompt,"
    " messages_count, tokens, whole_cost, first, last, ended, imported, parent_id, title, reason,"
    " by, via"
)
_NAMES: Final = tuple(_COLUMNS.split(", "))


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A session. `tokens` by kind and `cost` in US dollars are sums over its steps; `first` and `last` are its span.

    - `started_at`: when its work began; None while it waits for a slot.
    - `reason`: why it is interrupted, or why its last answer is truncated.
    - `by`, `via`: who started it, where the log says so.
    - `imported`: it comes from outside opencode-ledger; `parent_id` and `title` are then the agent's program's own.
    """

    id: SessionId
    codebase_id: CodebaseId
    agent_session_id: AgentSessionId | None
    task_id: TaskId | None
    status: SessionStatus
    started_at: Timestamp | None
    ended_at: Timestamp | None
    model: str | None
    agent: str
    prompt: str
    messages_count: int
    tokens: Mapping[str, int]
    cost: float
    first: Sequence
    last: Sequence
    ended: bool
    imported: bool = False
    parent_id: SessionId | None = None
    title: str | None = None
    reason: str | None = None
    by: str | None = None
    via: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A session's place in its codebase's stream: from `first` to `last`, and whether the session has ended.

    `last` is the newest event of the session; it grows until its `complete` event is applied. Wait for `caught_up`
    before using it to end a stream.
    """

    session_id: SessionId
    first: Sequence
    last: Sequence
    ended: bool


class Sessions:
    """Queries over the sessions of codebases that are not deleted."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def get(self, codebase: CodebaseId, session: SessionId) -> Session | None:
        """One session of this codebase, or None."""
        rows = await self._fetch(
            f"SELECT {_COLUMNS} FROM live_sessions WHERE id = ? AND codebase_id = ?", session, codebase
        )
        return _session(*rows[0]) if rows else None

    async def page(self, codebase: CodebaseId, limit: int = 50, offset: int = 0) -> Page[Session]:
        """The codebase's sessions, newest first."""
        return await select_page(
            self._fetch,
            _session,
            columns=_COLUMNS,
            table="live_sessions",
            order="began",
            where={"codebase_id": codebase},
            limit=limit,
            offset=offset,
        )

    async def span(self, codebase: CodebaseId, session: SessionId) -> Span | None:
        """The span of a session of this codebase, or None where it has no such session."""
        return await self._span("id = ? AND codebase_id = ?", session, codebase)

    async def current(self, codebase: CodebaseId) -> Span | None:
        """The span of the running or interrupted session, or None."""
        return await self._span(
            "codebase_id = ?1 AND id = (SELECT session_id FROM agents WHERE codebase_id = ?1)", codebase
        )

    async def _span(self, where: str, *values: str) -> Span | None:
        rows = await self._fetch(f"SELECT id, first, last, ended FROM live_sessions WHERE {where}", *values)
        return next((Span(session_id=i, first=first, last=last, ended=bool(end)) for i, first, last, end in rows), None)


def _session(*row: Any) -> Session:
    values = dict(zip(_NAMES, row, strict=True))
    values["tokens"] = orjson.loads(values["tokens"])
    values["cost"] = values.pop("whole_cost")
    for flag in ("ended", "imported"):
        values[flag] = bool(values[flag])
    return Session(**values)
