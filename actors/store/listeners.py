"""The listeners that are notified of each commit."""

from collections.abc import Callable

import structlog

from ...domain.events.recorded import RecordedEvent
from ...domain.ports import CommitListener

log = structlog.get_logger()


class CommitListeners:
    """Calls every listener in the order in which they came. A failure is logged, and the others are still called."""

    def __init__(self) -> None:
        self._listeners: dict[object, CommitListener] = {}

    def add(self, listener: CommitListener) -> Callable[[], None]:
        """Call `listener` from now on. Call the returned function to end that."""
        registration = object()
        self._listeners[registration] = listener

        def end() -> None:
            self._listeners.pop(registration, None)

        return end

    def announce(self, events: tuple[RecordedEvent, ...]) -> None:
        """Notify all of them of one commit."""
        # A copy, because a listener may end itself or add another while it is called.
        for listener in tuple(self._listeners.values()):
            try:
                listener(events)
            except Exception:
                # The events are durable already: an append must not be refused because a listener failed.
                log.exception("a commit listener failed", first=events[0].position, last=events[-1].position)
