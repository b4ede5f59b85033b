"""From events to statements: decodes events and asks each projection for its changes.

An event that can't be read, or that this version doesn't know, changes no view and stops none.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, cast

import orjson
import structlog

from ..domain.events import Event, Json
from ..domain.events.recorded import RecordedEvent
from ..domain.events.upcasting import upcast
from ..domain.events.wire import decode
from .batch import Batch
from .projection import Handler, MembersHandler, Projection

log = structlog.get_logger()


class Fold:
    """The handlers of some projections, by kind of event."""

    def __init__(self, projections: Iterable[Projection]) -> None:
        self._handlers: defaultdict[type[Event], list[Handler[Any]]] = defaultdict(list)
        self._members: defaultdict[str, list[MembersHandler]] = defaultdict(list)
        for projection in projections:
            for kind, handler in projection.handlers:
                self._handlers[kind].append(handler)
            for topic, members_handler in projection.members_handlers:
                self._members[topic].append(members_handler)
        self._topics = frozenset(kind.topic for kind in self._handlers)

    def __call__(self, events: Iterable[RecordedEvent]) -> Batch:
        """The changes by these events, in order."""
        batch = Batch()
        for recorded in events:
            mark = batch.mark()
            try:
                self._fold(recorded, batch)
            # Whatever is wrong with one event, the views must go on: no error of any kind may leave this loop.
            except Exception:
                batch.back_to(mark)
                log.warning("the views skip an event", position=recorded.position, exc_info=True)
        return batch

    def _fold(self, recorded: RecordedEvent, batch: Batch) -> None:
        members = cast(dict[str, Json], orjson.loads(recorded.data))
        if (handlers := self._members.get(recorded.topic)) and (newest := upcast(recorded.topic, members)) is not None:
            for members_handler in handlers:
                members_handler(newest, recorded, batch)
        if recorded.topic in self._topics:
            event = decode(recorded)
            for handler in self._handlers.get(type(event), ()):
                handler(event, recorded, batch)
        batch.touch(recorded, members.get("timestamp"), members.get("session_id"))
