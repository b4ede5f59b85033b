"""The log as one stream of all codebases, in terms that fit a codebase's: the sequence of an event is its position there.

Nothing is left out, so that the ids have no hole: neither what codebases had that were deleted since, nor their deletion,
which here isn't the end. The data are the log's bytes, with the codebase's id put in front where they don't hold it.
"""

from functools import lru_cache
from typing import Final, cast

import orjson

from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Sequence

ALL: Final = CodebaseId("*")
"""Stands where a codebase's id stands otherwise. No codebase is called so."""

_MEMBER: Final = b'"codebase_id"'


def in_whole_log(event: RecordedEvent) -> RecordedEvent:
    """An event as one of the stream of all codebases."""
    return RecordedEvent(event.position, ALL, Sequence(event.position), event.topic, _with_codebase(event))


def _with_codebase(event: RecordedEvent) -> bytes:
    data = event.data
    if not data.startswith(b"{") or _names_codebase(data):
        return data
    rest = data[1:]
    return b"%b%b%b" % (_opening(event.stream), b"" if rest.lstrip() == b"}" else b",", rest)


def _names_codebase(data: bytes) -> bool:
    # Parsed only where the name is found: it may stand deeper inside.
    return _MEMBER in data and "codebase_id" in cast(dict[str, object], orjson.loads(data))


@lru_cache(maxsize=1024)
def _opening(codebase: CodebaseId) -> bytes:
    return b"{%b:%b" % (_MEMBER, orjson.dumps(codebase))
