"""Events as they come over a stream, read into their classes."""

from ....domain.events import Event
from ....domain.events.recorded import RecordedEvent
from ....domain.events.wire import decode
from ....domain.ids import CodebaseId, Position, Sequence


def event_of(name: str, raw: str | bytes, number: int = 0) -> Event:
    """The event of these bytes. What this version doesn't know becomes an `UnknownEvent`."""
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    return decode(RecordedEvent(Position(number), CodebaseId(""), Sequence(number), name, data))
