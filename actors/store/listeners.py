"""Who hears of each commit."""

import logging
from collections.abc import Callable

from ...domain.events.recorded import RecordedEvent
from ...domain.ports import CommitListener

logger = logging.getLogger(__name__)


class CommitListeners:
    """Calls every listener in the order of their coming; one that fails is logged and keeps no other from hearing."""

    def __init__(self) -> None:
        self._listeners: dict[object, CommitListener] = {}

    def add(self, listener: CommitListener) -> Callable[[], None]:
        """Call `listener` from now on, until the answer is called."""
        registration = object()
        self._listeners[registration] = listener

        def end() -> None:
            self._listeners.pop(registration, None)

        return end

    def announce(self, events: tuple[RecordedEvent, ...]) -> None:
        """Tell all of them of one commit."""
        # A copy, for a listener may end itself or add another while it is called.
        for listener in tuple(self._listeners.values()):
            try:
                listener(events)
            except Exception:
                # The events are durable already: an append must not be refused because somebody failed to hear of it.
                logger.exception(
                    "a commit listener failed at positions %d to %d", events[0].position, events[-1].position
                )
