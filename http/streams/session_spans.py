"""Where sessions lie, from the views: what the event streams ask before they begin."""

from ...domain.ids import CodebaseId, SessionId
from ...domain.ports import EventStore
from ...projections.runner import Projections
from ...projections.views.session_queries import Span
from .cursor import SessionSpan


class ProjectedSpans:
    """Asks the views, after they have caught up with all that is committed."""

    def __init__(self, store: EventStore, projections: Projections) -> None:
        self._store, self._projections = store, projections

    async def span(self, codebase: CodebaseId, session: SessionId) -> SessionSpan | None:
        """The session's place; None where the codebase has no such session."""
        await self._projections.caught_up(self._store.head)
        return _told(await self._projections.views.sessions.span(codebase, session))

    async def current(self, codebase: CodebaseId) -> SessionSpan | None:
        """The session that is running or interrupted now; None where there is none."""
        await self._projections.caught_up(self._store.head)
        return _told(await self._projections.views.sessions.current(codebase))


def _told(span: Span | None) -> SessionSpan | None:
    return SessionSpan(span.session_id, span.first, span.last, span.ended) if span else None
