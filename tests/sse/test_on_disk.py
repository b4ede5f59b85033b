"""The streams over the real log, on disk."""

import asyncio
from pathlib import Path

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.events.recorded import PAGE_BYTES

from .events import OTHER, append, log_of, output
from .reader import Reader
from .serving import running

COMMITS = 200
LAST = 2 * COMMITS
CURSORS = range(0, LAST, 23)


async def test_readers_who_come_while_the_log_grows_get_all_of_it_once(tmp_path: Path) -> None:
    """Replay and live events join without a gap over the durable log too, at any time and from any position."""
    async with SqliteEventStore.open(tmp_path / "ledger.db") as store, running(store, tuning={"page": 7}) as serving:
        coming: list[asyncio.Task[Reader]] = []

        async def follow(cursor: int) -> Reader:
            reader = await Reader.connect(serving.port, cursor=cursor)
            return await reader.until(lambda r: r.events and r.events[-1][0] == LAST)

        for _ in range(COMMITS):
            head = (await append(store, output("one"), output("another")))[-1].sequence
            await append(store, output("elsewhere"), codebase=OTHER)
            if len(coming) < len(CURSORS) and CURSORS[len(coming)] <= head:
                coming.append(asyncio.create_task(follow(CURSORS[len(coming)])))

        log = await log_of(store)
        for cursor, reader in zip(CURSORS, await asyncio.gather(*coming), strict=True):
            assert reader.events == log[cursor:]
            reader.close()


async def test_large_events_come_in_small_pages(tmp_path: Path) -> None:
    """A history of large events is read a few at a time, and a reader gets all of it, then what comes."""
    large = output("x" * (PAGE_BYTES // 2))
    async with SqliteEventStore.open(tmp_path / "ledger.db") as store, running(store) as serving:
        await append(store, *[large] * 7)
        reader = await Reader.connect(serving.port, cursor=0)
        await reader.until(lambda r: len(r.events) == 7)
        await append(store, output("and then"))
        await reader.until(lambda r: len(r.events) == 8)
        assert [number for number, _, _ in reader.events] == list(range(1, 9))
        reader.close()
