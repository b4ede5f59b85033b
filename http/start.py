"""Where a subscriber's stream begins and ends: decided before its first byte, with a status for every refusal."""

from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from ..domain.errors import Conflict, NotFound
from ..domain.ids import CodebaseId, Sequence, SessionId
from ..domain.ports import EventStore
from .sse import cursor_of


class CursorAhead(Conflict):
    """The cursor lies beyond the end of this codebase's stream."""

    code = "cursor_ahead"


class SessionNotFound(NotFound):
    """Session not found"""

    code = "session_not_found"


@dataclass(frozen=True, slots=True)
class SessionSpan:
    """Where a session lies in its codebase's stream: its first event, its last one so far, and whether it ended."""

    session_id: SessionId
    first: Sequence
    last: Sequence
    ended: bool


class SessionSpans(Protocol):
    """Knows where sessions lie; it has seen all that is committed when it is asked."""

    async def span(self, codebase: CodebaseId, session: SessionId) -> SessionSpan | None:
        """The session's place; None where the codebase has no such session."""
        ...

    async def current(self, codebase: CodebaseId) -> SessionSpan | None:
        """The session that is running or interrupted now; None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """What a stream is to hold: what comes after `after`, of one session or of all, up to `upto` or without end."""

    after: Sequence
    session: SessionId | None = None
    upto: Sequence | None = None


async def start_of(
    request: web.Request, codebase: CodebaseId, store: EventStore, sessions: SessionSpans
) -> Start | None:
    """What this request asks for; None where the reader has all there will ever be (the answer is 204).

    Raises `BadCursor`, `CursorAhead` or `SessionNotFound`.
    """
    cursor = cursor_of(request.headers.getall("Last-Event-ID", []), request.query.getall("last_event_id", []))
    head = await store.stream_head(codebase)
    if cursor is not None and cursor > head:
        raise CursorAhead(f"The cursor {cursor} lies beyond the end of this codebase's stream, which is {head}.")
    if "session_id" in request.query:
        return await _session_start(codebase, SessionId(request.query["session_id"]), cursor, sessions)
    if cursor is not None:
        return Start(cursor)
    current = await sessions.current(codebase)
    return Start(head if current is None else _before(current))


async def _session_start(
    codebase: CodebaseId, session: SessionId, cursor: Sequence | None, sessions: SessionSpans
) -> Start | None:
    span = await sessions.span(codebase, session)
    if span is None:
        raise SessionNotFound
    after = max(cursor or Sequence(0), _before(span))
    if not span.ended:
        return Start(after, session)
    return Start(after, session, upto=span.last) if after < span.last else None


def _before(span: SessionSpan) -> Sequence:
    return Sequence(span.first - 1)
