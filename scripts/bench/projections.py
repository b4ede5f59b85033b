"""How fast the views follow: events per second in batches of 1000, as a ratio to what plain sqlite3 can insert.

The events are like an agent's: nine of ten are output. The limit is `executemany` of as many bare rows into one
table, in transactions of the same size, with the same settings of SQLite. Prints medians of three runs.
"""

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain import events as e
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.events.wire import encode
from opencode_ledger.domain.ids import (
    CodebaseId,
    MessageId,
    Sequence,
    SessionId,
    TaskId,
    Timestamp,
)
from opencode_ledger.projections.catch_up import BATCH
from opencode_ledger.projections.runner import Projections

RUNS: Final = 3
AT: Final = Timestamp("2026-01-01T00:00:00.000Z")


def session_events(number: int) -> list[NewEvent]:
    """A session of 100 events: a prompt, 90 pieces of output in 3 messages, tools, usage, and the end."""
    ids = e.Common(session_id=SessionId(f"sess_{number}"), task_id=TaskId(f"task_{number}"), timestamp=AT)
    begin: list[e.Event] = [
        e.SessionStarted(prompt="Add tests", agent="build", **ids),
        e.TaskCreated(title="Add tests", prompt="Add tests", agent_type="build", **ids),
        e.TaskStarted(**ids),
        e.MessageSent(message_id=MessageId(f"msg_{number}"), content="Add tests", agent="build", **ids),
    ]
    work: list[e.Event] = [
        e.Output(type="text", content="x" * 80, message_id=f"say_{number}_{n // 30}", part_id="p", **ids)
        for n in range(90)
    ]
    used = [e.Usage(tokens={"input": 100, "output": 20}, cost=0.01, **ids) for _ in range(3)]
    end: list[e.Event] = [
        e.SessionCompleted(**ids),
        e.TaskCompleted(result="Done", **ids),
        e.Complete(status="completed", summary="Done", **ids),
    ]
    return [encode(event) for event in (*begin, *work, *used, *end)]


async def log_of(sessions: int) -> MemoryEventStore:
    """A log with that many sessions over ten codebases."""
    store = MemoryEventStore()
    streams = [CodebaseId(f"cb_{n}") for n in range(10)]
    for stream in streams:
        registered = e.CodebaseRegistered(codebase_id=stream, name=stream, path=f"/{stream}", timestamp=AT)
        await store.append(stream, Sequence(0), [encode(registered)])
    for number in range(sessions):
        stream = streams[number % 10]
        await store.append(stream, await store.stream_head(stream), session_events(number))
    return store


async def views(store: MemoryEventStore, path: Path) -> float:
    """Seconds that the views take to catch up with the whole log."""
    begun = time.perf_counter()
    projections = await Projections.open(path, store)
    taken = time.perf_counter() - begun
    await projections.close()
    return taken


def limit(events: int, path: Path) -> float:
    """Seconds that plain sqlite3 takes to insert as many bare rows."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, codebase TEXT, session TEXT, message TEXT)")
    begun = time.perf_counter()
    for start in range(0, events, BATCH):
        db.execute("BEGIN IMMEDIATE")
        rows = [(n, "cb_1", "sess_1", f"say_{n}") for n in range(start, min(start + BATCH, events))]
        db.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", rows)
        db.execute("COMMIT")
    taken = time.perf_counter() - begun
    db.close()
    return taken


async def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=2000, help="sessions of 100 events (default: 2000)")
    store = await log_of(parser.parse_args().sessions)
    ours: list[float] = []
    plain: list[float] = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as root:
            ours.append(await views(store, Path(root, "views.db")))
            plain.append(limit(store.head, Path(root, "plain.db")))
    per_second = [store.head / statistics.median(taken) for taken in (ours, plain)]
    print(f"projections, {store.head} events in batches of {BATCH}: {per_second[0]:,.0f} events/s")
    print(f"plain sqlite3 executemany, one bare row per event:  {per_second[1]:,.0f} rows/s")
    print(f"ratio {per_second[0] / per_second[1]:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
