"""A projection: the tables of one view, and what each kind of event changes in them, as a table of handlers.

Handlers turn events into statements and read nothing, neither memory nor the tables. So the tables depend on
the order of the events alone: not on how these were cut into batches, nor on when the server was restarted.
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
        """Have the function below called for each event of these kinds."""

        def register(handler: Handler[E]) -> Handler[E]:
            self.handlers.extend((kind, handler) for kind in kinds)
            return handler

        return register

    def on_members(self, topic: str) -> Callable[[MembersHandler], MembersHandler]:
        """As `on` for a whole topic, with the plain members: making the event's class costs ten times as much.

        Meant for `output`, which is nine of ten events.
        """

        def register(handler: MembersHandler) -> MembersHandler:
            self.members_handlers.append((topic, handler))
            return handler

        return register
