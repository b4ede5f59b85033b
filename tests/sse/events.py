"""Events to fill a log with."""

import orjson

from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.ports import EventStore

CODEBASE = CodebaseId("cb_a")
OTHER = CodebaseId("cb_b")


def event(topic: str, session: str | None = None, **members: object) -> NewEvent:
    """An event of any name with any members."""
    own = {} if session is None else {"session_id": session}
    return NewEvent(topic, orjson.dumps({**members, **own}))


def output(content: str, session: str | None = None) -> NewEvent:
    """A piece of the agent's text."""
    return event("output", session, type="text", content=content)


def started(session: str) -> NewEvent:
    """A session's first event."""
    return event("session", session, action="started")


def complete(session: str) -> NewEvent:
    """A session's last event."""
    return event("complete", session, status="completed", summary="")


def registered() -> NewEvent:
    """An event that belongs to no session."""
    return event("codebase", action="registered")


def deleted() -> NewEvent:
    """A codebase's last event."""
    return event("codebase", action="deleted")


async def append(store: EventStore, *events: NewEvent, codebase: CodebaseId = CODEBASE) -> tuple[RecordedEvent, ...]:
    """Put events at the end of a stream, in one commit."""
    return await store.append(codebase, await store.stream_head(codebase), events)


async def log_of(store: EventStore, codebase: CodebaseId = CODEBASE) -> list[tuple[int, str, str]]:
    """All events of a stream as a subscriber should see them: id, name, data."""
    return seen(await store.read_stream(codebase, Sequence(0), 10**9))


async def whole_log_of(store: EventStore) -> list[tuple[int, str, str]]:
    """All events of all streams as a subscriber to all should see them."""
    events = await store.read_all(Position(0), 10**9)
    named = [orjson.dumps({"codebase_id": e.stream, **orjson.loads(e.data)}).decode() for e in events]
    return [(e.position, e.topic, data) for e, data in zip(events, named, strict=True)]


def seen(events: "list[RecordedEvent] | tuple[RecordedEvent, ...]") -> list[tuple[int, str, str]]:
    """Events as a subscriber should see them: id, name, data."""
    return [(e.sequence, e.topic, e.data.decode()) for e in events]
