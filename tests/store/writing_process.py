"""A process that appends with many actors until it is killed, and writes down each acknowledgement it got.

    writing_process.py LOG ACKNOWLEDGEMENTS

An acknowledgement is a line `stream sequence position`. It goes to a file, for a full pipe would stop the process
and the kill would then hit nothing.
"""

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import CodebaseId, Sequence

ACTORS = 20


async def act(store: SqliteEventStore, stream: CodebaseId, acknowledgements: int) -> None:
    """Append one to three events at a time, for ever."""
    head = await store.stream_head(stream)
    for n in count():
        recorded = await store.append(stream, head, [NewEvent("output", b"x" * 200)] * (n % 3 + 1))
        head = Sequence(recorded[-1].sequence)
        os.write(
            acknowledgements, b"".join(b"%s %d %d\n" % (stream.encode(), e.sequence, e.position) for e in recorded)
        )


async def main(log: Path, acknowledgements: int) -> None:
    """Open the log and let the actors at it."""
    store = await SqliteEventStore.open(log)
    await asyncio.gather(*(act(store, CodebaseId(f"cb_{n}"), acknowledgements) for n in range(ACTORS)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)))
