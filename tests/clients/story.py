"""A session to be followed over a bad line: part of it recorded before anyone comes, the rest while they read."""

import asyncio

from tests.sse.events import CODEBASE, OTHER, append, complete, event, log_of, output, started, whole_log_of

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import CodebaseId

SESSION = "sess_a"
TARGET = f"/cb_a/events?session_id={SESSION}"
ALL_TARGET = "/events?last_event_id=0"
"""The stream of all codebases, two here, which has no end."""

BOTH = (CODEBASE, OTHER)
NAMES = ["session", "output", "error", "complete"]
CUTS = [1500, 3001, 700, 2222]
"""Bytes after which the line breaks, connection by connection: between frames and inside them."""

HEAD_CUTS = [*CUTS, 5]
"""The same, and once inside the answer's very first line; a browser would take that for an answer of HTTP/0.9."""


def past() -> list[NewEvent]:
    """What was recorded before."""
    return [started(SESSION), *(output(f"äöü \u2028 line {n}\n\r\0" + "x" * 300, SESSION) for n in range(20))]


def live() -> list[NewEvent]:
    """What is recorded while others read; the error is the agent's, not the connection's."""
    texts = [output(f"live {n}", SESSION) for n in range(10)]
    return [*texts, event("error", SESSION, error="boom", code="AGENT_ERROR"), *texts, complete(SESSION)]


async def play(store: MemoryEventStore, arrived: asyncio.Event, *codebases: CodebaseId) -> None:
    """Record the live part, an event at a time and in turn for each codebase, once a client is there."""
    await arrived.wait()
    for new in live():
        for codebase in codebases or (CODEBASE,):
            await append(store, new, codebase=codebase)
        await asyncio.sleep(0.005)


def events_of_all() -> int:
    """How many events two such codebases have in the end."""
    return len(BOTH) * (len(past()) + len(live()))


async def begun_twice() -> MemoryEventStore:
    """A log with what was recorded before in two codebases."""
    store = MemoryEventStore()
    for new in past():
        for codebase in BOTH:
            await append(store, new, codebase=codebase)
    return store


async def whole_of_all(store: MemoryEventStore) -> list[tuple[str, str, str]]:
    """All of the log, as a client of the stream of all codebases reports it: id, name, data."""
    return [(str(position), topic, data) for position, topic, data in await whole_log_of(store)]


async def whole(store: MemoryEventStore) -> list[tuple[str, str, str]]:
    """All of it, as a client reports it: id, name, data."""
    return [(str(number), topic, data) for number, topic, data in await log_of(store)]
