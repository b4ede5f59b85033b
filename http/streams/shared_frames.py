"""The frames of a stream's events, built once for all subscribers who see the same of it. No I/O.

The choice of a session's events, and of the place where its stream ends, is made here too.
"""

from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import cast

import orjson

from ...domain.events import CodebaseDeleted, Complete
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import Sequence, SessionId
from .all_codebases import ALL
from .sse import frames


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive events of one stream, encoded once for all who see the same of it.

    `before`, `last`: the sequences between which the events lie, `before` excluded. `body`: the frames, none
    where nothing was selected. `chunk`: the same as one HTTP chunk. `final`: nothing follows.
    """

    before: Sequence
    last: Sequence
    body: bytes
    chunk: bytes
    final: bool


def batch_of(events: Many[RecordedEvent], session: SessionId | None, *, to_a_place: bool = False) -> Batch:
    """Encode one or more consecutive events as a subscriber to `session` (None: to all) sees them.

    `to_a_place`: the stream ends at a place that is known, which may lie after the session's `complete`: others went on with it.
    """
    chosen, final = _select(events, session, to_a_place=to_a_place)
    body = frames(chosen)
    before, last = Sequence(events[0].sequence - 1), events[-1].sequence
    return Batch(before, last, body, as_chunk(body), final)


def as_chunk(body: bytes) -> bytes:
    """Frame a body for HTTP/1.1; nothing for nothing, as an empty chunk would end the response."""
    return b"%x\r\n%b\r\n" % (len(body), body) if body else b""


def _select(
    events: Many[RecordedEvent], session: SessionId | None, *, to_a_place: bool
) -> tuple[list[RecordedEvent], bool]:
    chosen: list[RecordedEvent] = []
    for event in events:
        wanted = session is None or _is_of(event, session)
        if wanted:
            chosen.append(event)
        if _ends(event, session, wanted=wanted and not to_a_place):
            return chosen, True
    return chosen, False


def _is_of(event: RecordedEvent, session: SessionId) -> bool:
    # A long event of another session isn't parsed where its bytes can't name this one, not even by an escape.
    if session.isidentifier() and b"\\u" not in event.data and session.encode() not in event.data:
        return False
    return _member(event, "session_id") == session


def _ends(event: RecordedEvent, session: SessionId | None, *, wanted: bool) -> bool:
    if session is not None and wanted and event.topic == Complete.topic:
        return True
    if event.topic != CodebaseDeleted.topic or event.stream == ALL:
        return False
    return _member(event, "action") == CodebaseDeleted.action


def _member(event: RecordedEvent, name: str) -> object:
    """A top-level member of the event's JSON: parsed, since a search could find the same bytes inside a text."""
    value: object = orjson.loads(event.data)
    return cast(dict[str, object], value).get(name) if isinstance(value, dict) else None
