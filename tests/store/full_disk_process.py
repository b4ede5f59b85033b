"""A process whose disk fills up: it appends until refused, three times over, then gets room and appends once more.

    full_disk_process.py LOG

It ends with 0 where a refused append left nothing behind, each time, and the last one went through.
"""

import asyncio
import resource
import sys
from pathlib import Path

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence

ROOM = 200_000
A = CodebaseId("cb_a")


async def fill(store: SqliteEventStore, head: Sequence) -> Sequence:
    """Append until refused; returns the last sequence that was acknowledged."""
    large = [NewEvent("output", bytes(3000))] * 3
    while True:
        try:
            head = (await store.append(A, head, large))[-1].sequence
        except StoreError:
            return head


async def main(log: Path) -> None:
    """Fill the disk, make room, go on."""
    head = Sequence(0)
    async with SqliteEventStore.open(log) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
        for _ in range(3):
            head = await fill(store, head)
            assert head > 0
            assert (int(store.head), await store.stream_head(A)) == (head, head)
            assert len(await store.read_all(Position(0), 1_000_000)) == head
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await store.append(A, head, [NewEvent("status", b"{}")])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
