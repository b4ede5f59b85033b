"""Server-sent events as bytes: events into frames, and the cursor that a subscriber comes back with. No I/O.

A frame is `id`, `event` and `data`, one line each, and a blank line. The data are the log's own bytes. What isn't
an event (the reconnection time, heartbeats) has no blank line of its own, for some clients take every blank line
for an event.
"""

import re
from collections.abc import Iterable
from collections.abc import Sequence as Many
from functools import lru_cache
from typing import Final

from ...domain.errors import InvalidInput
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import Sequence

PREAMBLE: Final = b"retry: 2000\n:\n"
"""What a stream begins with: when to come back (milliseconds), and a comment, so that bytes leave at once."""

HEARTBEAT: Final = b":\n"
"""A comment, for proxies that cut silent connections and to find out that a reader is gone."""

_CURSOR: Final = re.compile(r"[0-9]{1,19}")
_MAX_CURSOR: Final = 2**63 - 1
_BREAKS_A_LINE: Final = re.compile(rb"[\r\n\0]")


class BadCursor(InvalidInput):
    """`Last-Event-ID` (or `last_event_id`) must be one event's id: only digits, at most 9223372036854775807."""

    code = "bad_cursor"


def frame(event: RecordedEvent) -> bytes:
    """An event as a subscriber reads it. Raises `ValueError` where the data are not one line."""
    if _BREAKS_A_LINE.search(event.data):
        raise ValueError(f"event {event.sequence} of {event.stream} is not one line of JSON")
    return b"id: %d\n%b%b\n\n" % (event.sequence, _middle(event.topic), event.data)


def frames(events: Iterable[RecordedEvent]) -> bytes:
    """Several events as one block, to be written at once."""
    return b"".join(map(frame, events))


@lru_cache(maxsize=256)
def _middle(topic: str) -> bytes:
    name = topic.encode()
    if not name or _BREAKS_A_LINE.search(name):
        raise ValueError(f"{topic!r} can't be the name of an event")
    return b"event: %b\ndata: " % name


def cursor_of(headers: Many[str], queries: Many[str]) -> Sequence | None:
    """The last event that a subscriber has, as it says; None if it doesn't say.

    `headers`: all values of `Last-Event-ID`, which win. `queries`: all values of `last_event_id`.
    Raises `BadCursor` where either is wrong. Python's own `int` would be too kind: it reads "+7", " 7", "1_000" and "٧".
    """
    newest, first = _cursor(headers), _cursor(queries)
    return first if newest is None else newest


def _cursor(given: Many[str]) -> Sequence | None:
    if not given:
        return None
    if len(given) > 1 or not _CURSOR.fullmatch(given[0]) or int(given[0]) > _MAX_CURSOR:
        raise BadCursor
    return Sequence(int(given[0]))
