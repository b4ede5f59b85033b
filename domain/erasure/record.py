"""The audit of erasures: a tombstone that no `erasure` event recorded exactly is tampering.

A leaf covers the original bytes, so it says nothing about what a tombstone kept; the `erasure` event does.
"""

import re
from collections.abc import Container, Iterable, Mapping
from hashlib import sha256
from typing import Final

from ..events.erasure import Erasure
from ..events.recorded import RecordedEvent
from ..events.wire import decode
from .tombstones import END, eraser_of, is_blank, is_tombstone

_PLACE: Final = re.compile(r"[1-9][0-9]{0,18}")


def concerns_erasure(event: RecordedEvent) -> bool:
    """Whether an `ErasureRecord` needs to see this event."""
    return event.topic == Erasure.topic or event.data.endswith(END)


class ErasureRecord:
    """Takes events in order. `erased`: recorded tombstones. `unfinished`: recorded, but not erased yet."""

    def __init__(self) -> None:
        self.erased = self.unfinished = 0
        self._open: dict[int, tuple[str, str]] = {}
        self._eraser: dict[int, int] = {}

    def take(self, events: Iterable[RecordedEvent]) -> None:
        """Take the next events."""
        for event in events:
            if event.data.endswith(END) and is_tombstone(event.data):
                self._keep(event)
            elif event.topic == Erasure.topic:
                self._match(event)

    def _keep(self, event: RecordedEvent) -> None:
        name = f"Event {event.position} ({event.topic} of {event.stream}, {event.sequence})"
        # No erasure leaves content in a tombstone, and no `erasure` event is erased itself.
        possible = event.topic != Erasure.topic and _is_blank(event)
        digest = sha256(event.data).hexdigest() if possible else ""
        self._open[event.position] = digest, name
        self._eraser[event.position] = (eraser_of(event.data) or 0) if digest else 0

    @property
    def unrecorded(self) -> dict[int, str]:
        """The tombstones that no `erasure` event has recorded so far: position and name."""
        return {position: name for position, (_digest, name) in self._open.items()}

    def forged(self, known: Container[int], size: int) -> dict[int, str]:
        """The unrecorded tombstones that no erasure in a log of this size can have made: position and name.

        `known`: the positions that were read. An erasure comes after the events that it erases.
        """
        return {
            at: name
            for at, name in self.unrecorded.items()
            if not at < self._eraser[at] <= size or self._eraser[at] in known
        }

    def _match(self, recorded: RecordedEvent) -> None:
        for position, digest in _named_by(recorded).items():
            place = int(position) if _PLACE.fullmatch(position) else 0
            found = self._open.get(place)
            if found is not None and found[0] == digest:
                del self._open[place]
                self.erased += 1
            elif found is None:
                self.unfinished += 1


def _is_blank(event: RecordedEvent) -> bool:
    try:
        return is_blank(event)
    except (RecursionError, TypeError):  # nested far deeper than any of ours
        return False


def _named_by(recorded: RecordedEvent) -> Mapping[str, str]:
    """What an `erasure` event records; empty where somebody wrote something else in its place."""
    try:
        event = decode(recorded)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return {}
    named: object = event.tombstones if isinstance(event, Erasure) else None
    return named if isinstance(named, Mapping) else {}
