"""Events that can't be read, in a log that somebody changed: what stands in their places, so that all others can be told."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Many
from typing import Final

import orjson

from ...domain.events import CodebaseRegistered
from ...domain.events.event import Json
from ...domain.events.recorded import NewEvent, RecordedEvent
from ...domain.events.wire import decode
from ...domain.ids import Position, Sequence
from .session_story import UNREADABLE

_SESSION: Final = re.compile(rb'"session_id":"(\w{1,64})"')

_GAP: Final = 1000
"""Events that may be missing in one place; a number further on is taken for a wrong one."""


def readable(event: RecordedEvent) -> RecordedEvent:
    """The event, or what stands for it where it can't be read."""
    try:
        content: Json = orjson.loads(event.data)
        if isinstance(content, dict) and isinstance(content.get("timestamp"), str):
            decode(event)
            return event
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        pass
    session = _SESSION.search(event.data)
    return event._replace(topic=UNREADABLE, data=_told(session[1].decode() if session else "", repr(event.data)))


def whole(events: Iterable[RecordedEvent]) -> Iterator[RecordedEvent]:
    """A codebase's events in order, with something in the place of each that can't be read or isn't there."""
    due = 1
    for event in events:
        for missing in range(due, event.sequence if event.sequence <= due + _GAP else due):
            yield RecordedEvent(Position(0), event.stream, Sequence(missing), UNREADABLE, _told("", "missing"))
        due = event.sequence + 1
        yield readable(event)


def seen_by_views(events: Many[RecordedEvent]) -> list[NewEvent]:
    """The events as views take them: a codebase of which it can't be read how it was registered is shown all the same."""
    new = [NewEvent(event.topic, event.data) for event in events]
    if not isinstance(decode(events[0]), CodebaseRegistered):
        told = {"action": "registered", "codebase_id": events[0].stream, "name": "", "path": "", "timestamp": ""}
        new[0] = NewEvent(CodebaseRegistered.topic, orjson.dumps(told))
    return new


def _told(session: str, data: str) -> bytes:
    return orjson.dumps({"session_id": session, "timestamp": "", "bytes": data})
