"""The commits that the views have not shown yet: held in memory as far as they fit, and read from the log beyond that."""

from collections import deque
from itertools import islice
from typing import Final

from ..domain.events.recorded import PAGE_BYTES, RecordedEvent, page_of
from ..domain.ids import Position
from ..domain.ports import EventStore
from .catch_up import BATCH

QUEUE: Final = 10 * BATCH
"""Committed events that are held in memory at most; the rest is read from the log when their turn comes."""

QUEUE_BYTES: Final = 8 * PAGE_BYTES
"""Bytes of their data at most."""


class RecentCommits:
    """The events after a position, each once and in order, wherever they are read from."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._queue: deque[RecordedEvent] = deque()
        self._held = 0

    def add(self, events: tuple[RecordedEvent, ...]) -> None:
        """Hold a commit; where it is too much, nothing is held any more."""
        self._queue.extend(events)
        self._held += sum(len(event.data) for event in events)
        if len(self._queue) > QUEUE or self._held > QUEUE_BYTES:
            self._queue.clear()
            self._held = 0

    async def after(self, position: Position) -> list[RecordedEvent]:
        """The next events after a position, at most `BATCH`; none where it is the log's end. Raises `StoreError`."""
        queue = self._queue
        while queue and queue[0].position <= position:
            self._held -= len(queue.popleft().data)
        if queue and queue[0].position == position + 1:
            return page_of(islice(queue, BATCH))
        return await self._store.read_all(position, BATCH) if position < self._store.head else []
