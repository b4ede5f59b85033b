"""The log in memory, for tests and for trying things out. Nothing survives the process."""

import asyncio
from collections.abc import Callable
from collections.abc import Sequence as Many

from ...domain.errors import StoreError, WrongExpectedVersion
from ...domain.events.recorded import NewEvent, RecordedEvent, page_of
from ...domain.events.wire import changes_state
from ...domain.ids import CodebaseId, Position, Sequence
from ...domain.ports import CommitListener
from .listeners import CommitListeners


class MemoryEventStore:
    """An `EventStore` that keeps all in lists; each append is a commit of its own."""

    def __init__(self) -> None:
        self._log: list[RecordedEvent] = []
        self._streams: dict[CodebaseId, list[RecordedEvent]] = {}
        self._listeners = CommitListeners()
        self._closed = False

    @property
    def head(self) -> Position:
        """See `EventStore`."""
        return Position(len(self._log))

    async def append(self, stream: CodebaseId, expected: Sequence, events: Many[NewEvent]) -> tuple[RecordedEvent, ...]:
        """See `EventStore`."""
        self._refuse_when_closed()
        if not events:
            raise ValueError("an append needs at least one event")
        await asyncio.sleep(0)  # a real store gives way here, and its callers must not rely on the contrary
        history = self._streams.setdefault(stream, [])
        if expected != len(history):
            raise WrongExpectedVersion(len(history), expected)
        recorded = tuple(
            RecordedEvent(Position(len(self._log) + n), stream, Sequence(expected + n), event.topic, event.data)
            for n, event in enumerate(events, 1)
        )
        history.extend(recorded)
        self._log.extend(recorded)
        self._listeners.announce(recorded)
        return recorded

    async def stream_head(self, stream: CodebaseId) -> Sequence:
        """See `EventStore`."""
        self._refuse_when_closed()
        return Sequence(len(self._streams.get(stream, ())))

    async def read_stream(
        self, stream: CodebaseId, after: Sequence, limit: int, *, upto: Sequence | None = None
    ) -> list[RecordedEvent]:
        """See `EventStore`."""
        self._refuse_when_closed()
        return page_of(self._streams.get(stream, [])[after:upto][: max(limit, 0)])

    async def read_lifecycle(self, stream: CodebaseId, after: Sequence, limit: int) -> list[RecordedEvent]:
        """See `EventStore`."""
        self._refuse_when_closed()
        lifecycle = [event for event in self._streams.get(stream, [])[after:] if changes_state(event)]
        return page_of(lifecycle[: max(limit, 0)])

    async def read_all(self, after: Position, limit: int) -> list[RecordedEvent]:
        """See `EventStore`."""
        self._refuse_when_closed()
        return page_of(self._log[after : after + max(limit, 0)])

    async def trouble(self) -> str | None:
        """See `EventStore`: memory has none."""
        self._refuse_when_closed()
        return None

    def on_commit(self, listener: CommitListener) -> Callable[[], None]:
        """See `EventStore`."""
        return self._listeners.add(listener)

    async def close(self) -> None:
        """See `EventStore`."""
        self._closed = True
        await asyncio.sleep(0)  # the appends that gave way before this come first

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StoreError("The log is closed.")
