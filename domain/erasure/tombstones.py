"""Tombstones: what replaces an erased event. The content is gone; where, when and by whom it was said stays.

A tombstone is the event with each text of its content replaced by a mark, and one more member at the end: the SHA-256 of
the original bytes, and the position of the `erasure` event that says who erased them and why. The leaf of the log's tree
has the same hash, so the root and all earlier proofs and checkpoints stay valid.
"""

import re
from hashlib import sha256
from typing import Final

import orjson

from ..events.event import Json
from ..events.members import FREE, NESTED
from ..events.members import ON_THE_WIRE as STRUCTURE
from ..events.recorded import RecordedEvent
from ..ids import Position

MARK: Final = "[erased]"

MEMBER: Final = "erased"
"""The member that makes a tombstone. No event has a member of this name."""

OUTPUT: Final = "whole_id"
"""The member that names a text beside the log, which is erased with its event."""

AMOUNTS: Final = frozenset({"digests", "tokens"})
"""Structure that holds values by name; elsewhere a single value is structure, and a collection is content."""

WITHIN_TEXT: Final = frozenset({"output"})
"""Topics of pieces that are joined: a mark for each of thousands of pieces says no more than none."""

END: Final = b'"}}'
"""The last bytes of every tombstone, and of few other events."""

_TAIL: Final = re.compile(rb'[,{]"erased":\{"by":([1-9][0-9]{0,18}),"sha256":"([0-9a-f]{64})"\}\}\Z')
_LONGEST: Final = 128


def tombstone_of(event: RecordedEvent, by: Position) -> bytes | None:
    """The tombstone of an event; None where there is nothing to erase. `by`: the position of the `erasure` event.

    An event that names a whole output has content to erase even if all its own members stay: the output itself.
    """
    if is_tombstone(event.data):
        return None
    members = _members(event.data)
    kept = {name: _blank(name, value, event.topic) for name, value in members.items()}
    if kept == members and not members.get(OUTPUT):
        return None
    return orjson.dumps(kept | {MEMBER: {"by": by, "sha256": sha256(event.data).hexdigest()}})


def is_tombstone(data: bytes) -> bool:
    """Whether these are the bytes of a tombstone."""
    return eraser_of(data) is not None


def is_blank(event: RecordedEvent) -> bool:
    """Whether `tombstone_of` can have made this tombstone: structure and marks alone, and the bytes that it writes.

    An event that had no content has no tombstone.
    """
    members = _members(event.data)
    if orjson.dumps(members) != event.data:
        return False
    own = {name: value for name, value in members.items() if name != MEMBER}
    erasable = own.get(OUTPUT) or any(not _stays(name, value) for name, value in own.items())
    return bool(erasable) and all(_blank(name, value, event.topic) == value for name, value in own.items())


def eraser_of(data: bytes) -> Position | None:
    """The position of the `erasure` event of this tombstone; None for other events."""
    found = _TAIL.search(data, max(0, len(data) - _LONGEST)) if data.endswith(END) else None
    return Position(int(found[1])) if found else None


def digest_of(data: bytes) -> str:
    """The SHA-256 of an event's original bytes, in hexadecimal."""
    if data.endswith(END) and (found := _TAIL.search(data, max(0, len(data) - _LONGEST))):
        return found[2].decode()
    return sha256(data).hexdigest()


def _members(data: bytes) -> dict[str, Json]:
    """The event's members; bytes that are not a JSON object have no structure to keep."""
    try:
        content: Json = orjson.loads(data)
    except orjson.JSONDecodeError:
        content = str(data)
    return content if isinstance(content, dict) else {"content": content}


def _stays(name: str, value: Json) -> bool:
    """Whether a member is structure, which an erasure leaves as it is."""
    return name in STRUCTURE and (name in AMOUNTS or not isinstance(value, dict | list))


def _blank(name: str, value: Json, topic: str) -> Json:
    if _stays(name, value):
        return value
    if name in NESTED:
        return _shaped(value)
    match value:
        case str():
            return MARK if value and topic not in WITHIN_TEXT else ""
        case bool():
            return False
        case int() | float():
            return 0
        case dict():
            return {}
        case list():
            return []
        case None:
            return None


def _shaped(value: Json) -> Json:
    """A value with the same members at every level, without the texts that are content."""
    match value:
        case dict():
            return {name: _member(name, item) for name, item in value.items()}
        case list():
            return [_shaped(item) for item in value if isinstance(item, dict)]
        case _:
            return value


def _member(name: str, value: Json) -> Json:
    if name in FREE or isinstance(value, str):
        return _blank(name, value, "")
    return _shaped(value)
