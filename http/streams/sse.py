"""Server-sent events as bytes: events into frames. No I/O.

A frame is `id`, `event` and `data`, one line each, and a blank line. The data are the log's own bytes. What isn't
an event (the reconnection time, heartbeats) has no blank line of its own, for some clients take every blank line
for an event.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from ...domain.events.recorded import RecordedEvent

PREAMBLE: Final = b"retry: 2000\n:\n"
"""What a stream begins with: when to come back (milliseconds), and a comment, so that bytes leave at once."""

HEARTBEAT: Final = b":\n"
"""A comment, for proxies that cut silent connections and to find out that a reader is gone."""

REVOKED: Final = b": this token is no longer valid\n"
"""A comment, before a stream ends because its token was removed from the file. The next request gets 401."""

_BREAKS_A_LINE: Final = re.compile(rb"[\r\n\0]")


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
