"""Where a subscriber's stream begins and ends. It is decided before the first byte, so each refusal has a status."""

import re
from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web

from ...domain.errors import Conflict, InvalidInput, NotFound
from ...domain.ids import CodebaseId, Position, Sequence, SessionId
from ...domain.ports import EventStore
from ...projections.views.session_queries import Span
from ..web.parameters import ONE_SESSION

_CURSOR: Final = re.compile(r"[0-9]{1,19}")
_MAX_CURSOR: Final = 2**63 - 1


class BadCursor(InvalidInput):
    """`Last-Event-ID` (or `last_event_id`) must be one event's id: only digits, at most 9223372036854775807."""

    code = "bad_cursor"


class CursorAhead(Conflict):
    """`Last-Event-ID` is beyond the end of the stream."""

    code = "cursor_ahead"


class SessionNotFound(NotFound):
    """Session not found"""

    code = "session_not_found"


class SessionSpans(Protocol):
    """Finds the spans of sessions. Each answer includes everything that was committed before the call."""

    async def span(self, codebase: CodebaseId, session: SessionId) -> Span | None:
        """The session's span, or None if the codebase has no such session."""
        ...

    async def current(self, codebase: CodebaseId) -> Span | None:
        """The span of the session that is running or interrupted now, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Start:
    """What a stream holds: the events after `after`, of one `session` or of all, up to `upto` or without end."""

    after: Sequence
    session: SessionId | None = None
    upto: Sequence | None = None


async def start_of(
    request: web.Request, codebase: CodebaseId, store: EventStore, sessions: SessionSpans
) -> Start | None:
    """What this request asks for, or None if the reader has everything there will ever be (then the status is 204).

    Raises `BadCursor`, `CursorAhead` or `SessionNotFound`.
    """
    cursor = _cursor(request)
    head = await store.stream_head(codebase)
    _check_recorded(cursor, head, "this codebase's stream")
    if (session := ONE_SESSION.given(request)) is not None:
        return await _session_start(codebase, SessionId(session), cursor, sessions)
    if cursor is not None:
        return Start(cursor)
    current = await sessions.current(codebase)
    return Start(head if current is None else _before(current))


def start_of_all(request: web.Request, head: Position) -> Start:
    """What a request for the whole log gets: the events after its cursor, or else the next ones. `head`: the log's end.

    Raises `BadCursor` or `CursorAhead`.
    """
    cursor, end = _cursor(request), Sequence(head)
    _check_recorded(cursor, end, "the log")
    return Start(end if cursor is None else cursor)


def start_of_overviews(request: web.Request, head: Position) -> Start:
    """What a request for the overviews gets: those that changed after its cursor, or else all. `head`: the log's end.

    Raises `BadCursor` or `CursorAhead`.
    """
    cursor = _cursor(request)
    _check_recorded(cursor, Sequence(head), "the log")
    return Start(cursor or Sequence(0))


def _cursor(request: web.Request) -> Sequence | None:
    return cursor_of(request.headers.getall("Last-Event-ID", []), request.query.getall("last_event_id", []))


def cursor_of(headers: Many[str], queries: Many[str]) -> Sequence | None:
    """The last event that a subscriber has, as it says; None if it doesn't say.

    `headers`: all values of `Last-Event-ID`, which win. `queries`: all values of `last_event_id`.
    Raises `BadCursor` where either is wrong. Python's own `int` would be too kind: it reads "+7", " 7", "1_000" and "٧".
    """
    newest, first = _number(headers), _number(queries)
    return first if newest is None else newest


def _number(given: Many[str]) -> Sequence | None:
    if not given:
        return None
    if len(given) > 1 or not _CURSOR.fullmatch(given[0]) or int(given[0]) > _MAX_CURSOR:
        raise BadCursor
    return Sequence(int(given[0]))


def _check_recorded(cursor: Sequence | None, head: Sequence, stream: str) -> None:
    if cursor is not None and cursor > head:
        raise CursorAhead(f"`Last-Event-ID` is {cursor}, beyond the end of {stream}, which is {head}.")


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


def _before(span: Span) -> Sequence:
    return Sequence(span.first - 1)
