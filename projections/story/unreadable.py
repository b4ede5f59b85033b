"""Placeholders for the unreadable events of a log that somebody changed, so that all other events can be shown."""

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
"""Events that may be missing in one place; beyond that, the number of the next event counts as wrong."""


def readable(event: RecordedEvent) -> RecordedEvent:
    """The event, or its placeholder where it can't be read."""
    try:
        content: Json = orjson.loads(event.data)
        if isinstance(content, dict) and isinstance(content.get("timestamp"), str):
            decode(event)
            return event
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        pass
    session = _SESSION.search(event.data)
    return event._replace(topic=UNREADABLE, data=_placeholder(session[1].decode() if session else "", repr(event.data)))


def whole(events: Iterable[RecordedEvent]) -> Iterator[RecordedEvent]:
    """A codebase's events in order, with a placeholder for each that can't be read or is missing."""
    due = 1
    for event in events:
        for missing in range(due, event.sequence if event.sequence <= due + _GAP else due):
            yield RecordedEvent(Position(0), event.stream, Sequence(missing), UNREADABLE, _placeholder("", "missing"))
        due = event.sequence + 1
        yield readable(event)


def seen_by_views(events: Many[RecordedEvent]) -> list[NewEvent]:
    """The events for the views: a codebase is shown even where its registration can't be read."""
    new = [NewEvent(event.topic, event.data) for event in events]
    if not isinstance(decode(events[0]), CodebaseRegistered):
        members = {"action": "registered", "codebase_id": events[0].stream, "name": "", "path": "", "timestamp": ""}
        new[0] = NewEvent(CodebaseRegistered.topic, orjson.dumps(members))
    return new


def _placeholder(session: str, data: str) -> bytes:
    return orjson.dumps({"session_id": session, "timestamp": "", "bytes": data})
