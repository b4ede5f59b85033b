"""A reader that never reads, beside others that do, with a writer at full rate."""

import asyncio

from opencode_ledger.actors.store.in_memory import MemoryEventStore

from .events import append, output
from .reader import Reader
from .serving import running

EVENTS = 4000
SIZE = 1000


async def test_a_reader_that_never_reads_disturbs_nobody_and_takes_no_memory() -> None:
    """Nobody waits for it: the others have everything when the writer is done, and only a bounded part waits for it."""
    store = MemoryEventStore()
    async with running(store, send_buffer=4096) as serving:
        stuck = [await Reader.connect(serving.port, cursor=0, receive_buffer=4096) for _ in range(3)]
        swift = [await Reader.connect(serving.port, cursor=0) for _ in range(3)]
        for reader in (*stuck, *swift):
            await reader.until(lambda r: r.body)

        async def write() -> None:
            for n in range(EVENTS):
                await append(store, output(f"{n:>{SIZE}}"))

        async def keep_up(reader: Reader) -> None:
            await reader.until(lambda r: len(r.events) == EVENTS)

        await asyncio.gather(write(), *map(keep_up, swift))

        assert all([event[0] for event in reader.events] == list(range(1, EVENTS + 1)) for reader in swift)
        assert serving.streams.recalls >= len(stuck)
        assert serving.streams.waiting < len(stuck) * (256 * 1024 + 2 * SIZE)
        for reader in (*stuck, *swift):
            reader.close()


async def test_a_slow_reader_gets_all_of_it_in_the_end() -> None:
    """Who stops reading for a while and goes on later has missed nothing."""
    store = MemoryEventStore()
    async with running(store, send_buffer=4096) as serving:
        slow = await Reader.connect(serving.port, cursor=0)
        await slow.until(lambda r: r.body)
        for n in range(EVENTS):
            await append(store, output(f"{n:>{SIZE}}"))
        assert serving.streams.recalls == 1
        await slow.until(lambda r: len(r.events) == EVENTS)
        assert [event[0] for event in slow.events] == list(range(1, EVENTS + 1))
        slow.close()
