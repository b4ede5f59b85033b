"""The spans of sessions from the views, for event streams before they begin."""

from ...domain.ids import CodebaseId, SessionId
from ...domain.ports import EventStore
from ...projections.runner import Projections
from ...projections.views.session_queries import Span


class ProjectedSpans:
    """Asks the views after they have caught up with everything that is committed."""

    def __init__(self, store: EventStore, projections: Projections) -> None:
        self._store, self._projections = store, projections

    async def span(self, codebase: CodebaseId, session: SessionId) -> Span | None:
        """The session's span, or None if the codebase has no such session."""
        await self._projections.caught_up(self._store.head)
        return await self._projections.views.sessions.span(codebase, session)

    async def current(self, codebase: CodebaseId) -> Span | None:
        """The span of the session that is running or interrupted now, or None."""
        await self._projections.caught_up(self._store.head)
        return await self._projections.views.sessions.current(codebase)
