"""The whole outputs that a log's events name, and that are kept beside the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import orjson

from ..erasure.tombstones import is_tombstone
from ..events.imported import OutputImported
from ..events.recorded import RecordedEvent
from ..events.run import ToolResult
from ..ids import CodebaseId, OutputId, Position
from ..whole_output import is_output_id

_NAMED: Final = b'"whole_id":"out_'
_TOPICS: Final = frozenset({ToolResult.topic, OutputImported.topic})


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptOutput:
    """An output as its event describes it. `bytes`, `sha256`: of the kept text. `erased`: the text is gone."""

    codebase: CodebaseId
    output_id: OutputId
    position: Position
    bytes: int
    sha256: str
    erased: bool


def names_output(event: RecordedEvent) -> bool:
    """Whether an event may name a whole output: a quick test, since every event is asked."""
    return event.topic in _TOPICS and _NAMED in event.data


def kept_of(event: RecordedEvent) -> KeptOutput | None:
    """The output that an event names; None where it names none."""
    if not names_output(event):
        return None
    try:
        members: object = orjson.loads(event.data)
    except orjson.JSONDecodeError:
        return None
    match members:
        case {"whole_id": str(name), "whole_kept": int(size), "whole_kept_sha256": str(digest)}:
            pass
        case {"whole_id": str(name), "whole_bytes": int(size), "whole_sha256": str(digest)}:
            pass
        case _:
            return None
    if not is_output_id(name):
        return None
    return KeptOutput(
        codebase=event.stream,
        output_id=OutputId(name),
        position=event.position,
        bytes=size,
        sha256=digest,
        erased=is_tombstone(event.data),
    )


def kept_in(events: Iterable[RecordedEvent]) -> list[KeptOutput]:
    """The outputs that events name."""
    return [kept for event in events if (kept := kept_of(event)) is not None]
