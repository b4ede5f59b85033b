"""Where sessions lie, read straight from the log: the plainest `SessionSpans` there can be."""

import orjson

from opencode_ledger.domain.ids import CodebaseId, Sequence, SessionId
from opencode_ledger.domain.ports import EventStore
from opencode_ledger.projections.views.session_queries import Span

ALL = 10**9


class SpansOfLog:
    """Reads the whole stream for every question."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    async def span(self, codebase: CodebaseId, session: SessionId) -> Span | None:
        """See `SessionSpans`."""
        return (await self._spans(codebase)).get(session)

    async def current(self, codebase: CodebaseId) -> Span | None:
        """See `SessionSpans`."""
        going = [span for span in (await self._spans(codebase)).values() if not span.ended]
        return going[-1] if going else None

    async def _spans(self, codebase: CodebaseId) -> dict[SessionId, Span]:
        spans: dict[SessionId, Span] = {}
        for event in await self._store.read_stream(codebase, Sequence(0), ALL):
            session = orjson.loads(event.data).get("session_id")
            if session is not None:
                ended = event.topic == "complete" or (session in spans and spans[session].ended)
                first = spans[session].first if session in spans else event.sequence
                spans[session] = Span(session_id=session, first=first, last=event.sequence, ended=ended)
        return spans
