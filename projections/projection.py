"""A projection: the tables of one view, and a handler for each kind of event that changes them.

Handlers turn events into statements and read nothing, neither memory nor the tables. So the tables depend only on the
order of the events: not on the size of batches, and not on restarts of the server.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from ..domain.events import Event, Json
from ..domain.events.recorded import RecordedEvent
from .batch import Batch

E = TypeVar("E", bound=Event)

Handler: TypeAlias = Callable[[E, RecordedEvent, Batch], None]
MembersHandler: TypeAlias = Callable[[Mapping[str, Json], RecordedEvent, Batch], None]


class Projection:
    """One view's tables (`schema`, in SQL) and its handlers."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self.handlers: list[tuple[type[Event], Handler[Any]]] = []
        self.members_handlers: list[tuple[str, MembersHandler]] = []

    def on(self, *kinds: type[E]) -> Callable[[Handler[E]], Handler[E]]:
        """Register the decorated function as the handler of these kinds of event."""

        def register(handler: Handler[E]) -> Handler[E]:
            self.handlers.extend((kind, handler) for kind in kinds)
            return handler

        return register

    def on_members(self, topic: str) -> Callable[[MembersHandler], MembersHandler]:
        """As `on`, for a whole topic and with the plain members: decoding into the event's class is ten times slower.

        Meant for `output`, which is nine of ten events.
        """

        def register(handler: MembersHandler) -> MembersHandler:
            self.members_handlers.append((topic, handler))
            return handler

        return register
