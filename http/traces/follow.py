"""Follows the log and makes spans of its events, beside the service's work: nothing waits for it."""

from typing import Final

import structlog

from ...domain.ids import CodebaseId, Sequence
from ...domain.ports import Clock, EventStore
from ...projections.following import Follower
from ...projections.traces.runs import Runs
from ...projections.views.views import Views
from .spans import Spans

log = structlog.get_logger()

PAGE: Final = 500
"""Events read at once."""
GATHER: Final = 0.5
"""Seconds in which news gather: a trace may come a little later."""
LAST_STEPS: Final = 20
"""Pages that are read at the end, at most."""


class TraceFollower:
    """Sends the spans of what is committed from now on."""

    def __init__(self, store: EventStore, spans: Spans, clock: Clock) -> None:
        self._store, self._spans = store, spans
        self._runs, self._at = Runs(), store.head
        self._follower = Follower("traces", self._step, lambda: self._at, clock.sleep, gather=GATHER)
        self._end = store.on_commit(lambda _events: self._follower.notify())

    async def start(self, views: Views) -> None:
        """Begin. A run that an earlier server left unfinished is known from its begin on, so its end has a span too."""
        for codebase in await views.agents.unsettled():
            span = await views.sessions.current(codebase)
            if span is not None:
                await self._learn(codebase, Sequence(span.first - 1))
        self._follower.start()

    async def close(self) -> None:
        """Make the spans of what is committed, and send them."""
        self._end()
        await self._follower.finish(LAST_STEPS)
        await self._spans.close()

    async def _learn(self, codebase: CodebaseId, after: Sequence) -> None:
        while page := await self._store.read_lifecycle(codebase, after, PAGE):
            for event in page:
                if event.position <= self._at:
                    self._runs.take(event)  # what had ended before is another server's to send
            after = page[-1].sequence

    async def _step(self) -> bool:
        page = await self._store.read_all(self._at, PAGE)
        for event in page:
            self._at = event.position
            try:
                for span in self._runs.take(event):
                    self._spans.send(span)
            except Exception:
                log.exception("an event made no span", position=event.position)
        return bool(page)
