"""Events on their way into the store, and out of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..ids import CodebaseId, Position, Sequence


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append to the log: its topic (the SSE name) and its JSON (the SSE data)."""

    topic: str
    data: bytes


class RecordedEvent(NamedTuple):
    """An event of the log, as every store returns it.

    - `position`: its number in the whole log.
    - `stream`: the codebase whose actor wrote it.
    - `sequence`: its number in that stream, the SSE id.
    - `topic`: the SSE name.
    - `data`: one line of JSON, the bytes of the SSE data and of the hash.
    """

    position: Position
    stream: CodebaseId
    sequence: Sequence
    topic: str
    data: bytes


PAGE_BYTES: Final = 2**20
"""Bytes of data after which a page of events ends: a thousand events of the largest size would not fit in memory."""


def page_of(events: Iterable[RecordedEvent]) -> list[RecordedEvent]:
    """The first of these events, up to the one that reaches `PAGE_BYTES`; at least one, if there is any."""
    page: list[RecordedEvent] = []
    size = 0
    for event in events:
        page.append(event)
        size += len(event.data)
        if size >= PAGE_BYTES:
            break
    return page
