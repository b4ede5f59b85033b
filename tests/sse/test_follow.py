"""A connection through time: heartbeats, readers that vanish or take nothing, and the end of the server."""

import asyncio
from collections.abc import Callable

import pytest

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.actors.twins.virtual_clock import VirtualClock
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Sequence

from .events import OTHER, append, complete, output, seen, started
from .reader import DEADLINE, Reader
from .serving import Serving, running

SMALL = 4096
"""Bytes of the system's buffers, so that a reader who stops is felt soon."""


async def eventually(condition: Callable[[], object]) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(DEADLINE):
        while not condition():
            await asyncio.sleep(0.001)


async def following(serving: Serving, cursor: int = 0) -> Reader:
    """A reader who has all there is."""
    reader = await Reader.connect(serving.port, cursor=cursor)
    await reader.until(lambda r: r.body)
    return reader


async def until_events(reader: Reader, count: int) -> None:
    """Read until this number of events has come."""
    await reader.until(lambda r: len(r.events) == count)


async def until_comments(reader: Reader, count: int) -> None:
    """Read until this number of comments has come, including the one at the beginning."""
    await reader.until(lambda r: r.comments == count)


async def test_a_commit_of_several_codebases_reaches_each_its_own() -> None:
    """Every stream holds its own codebase's events, numbered 1, 2, 3."""
    store = MemoryEventStore()
    async with running(store) as serving:
        one, two = await following(serving), await Reader.connect(serving.port, "/cb_b/events", cursor=0)
        mine = [seen(await append(store, output(str(n))))[0] for n in range(3)]
        other = [seen(await append(store, output(str(n)), codebase=OTHER))[0] for n in range(2)]
        await one.until(lambda r: len(r.events) == 3)
        await two.until(lambda r: len(r.events) == 2)
        assert (one.events, two.events) == (mine, other)
        one.close()
        two.close()


async def test_silence_is_broken_every_fifteen_seconds() -> None:
    """A silent stream carries a comment each 15 s, so that no proxy takes it for dead."""
    clock = VirtualClock()
    async with running(MemoryEventStore(), clock=clock) as serving:
        reader = await following(serving)
        await eventually(lambda: clock.sleepers)
        await clock.advance(12)
        assert not await reader.read(within=0.01)
        await clock.advance(3)
        await until_comments(reader, 2)
        await clock.advance(60)
        await until_comments(reader, 6)
        assert reader.comments <= 7
        assert reader.events == []
        reader.close()


@pytest.mark.parametrize("odd", [0.0, 0.001, 0.25, 0.5, 0.75, 0.999])
@pytest.mark.parametrize("late", [0.0, 0.4])
async def test_no_silence_is_longer_than_fifteen_seconds(odd: float, late: float) -> None:
    """Whenever the last byte came, before a look or after it and however late the looks are, the next comes within 15 s."""
    clock, store = LateClock(late), MemoryEventStore()
    async with running(store, clock=clock) as serving:
        reader = await following(serving)
        await eventually(lambda: clock.sleepers)
        await clock.advance(3 + odd)
        for event, comments in enumerate(range(2, 6), start=1):
            await append(store, output("x"))
            await until_events(reader, event)
            await clock.advance(12)
            assert not await reader.read(within=0.01)
            await clock.advance(3)
            await until_comments(reader, comments)
            await clock.advance(odd)
        reader.close()


class LateClock(VirtualClock):
    """A clock whose sleepers wake late, as on a busy machine."""

    def __init__(self, late: float) -> None:
        super().__init__()
        self._late = late

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds + self._late)


async def test_a_stream_that_speaks_needs_no_heartbeat() -> None:
    """Comments come only after silence: an event restarts the 15 s."""
    clock, store = VirtualClock(), MemoryEventStore()
    async with running(store, clock=clock) as serving:
        reader = await following(serving)
        await eventually(lambda: clock.sleepers)
        for n in range(1, 4):
            await clock.advance(10)
            await append(store, output(str(n)))
            await until_events(reader, n)
        assert reader.comments == 1
        reader.close()


@pytest.mark.parametrize("cancelling", [True, False])
async def test_a_reader_who_leaves_is_noticed(cancelling: bool) -> None:
    """A stream whose reader closed the connection is released, even if the server doesn't cancel its handler."""
    clock = VirtualClock()
    async with running(MemoryEventStore(), clock=clock, cancelling=cancelling) as serving:
        reader = await following(serving)
        await eventually(lambda: serving.streams.open == 1)
        reader.close()
        async with asyncio.timeout(DEADLINE):
            while serving.streams.open:
                await asyncio.sleep(0.001)
                await clock.advance(1)


async def test_a_reader_who_takes_nothing_for_thirty_seconds_is_cut_off() -> None:
    """A reader that stands still is given up after 30 s; it can come back for what it lacks."""
    clock, store = VirtualClock(), MemoryEventStore()
    async with running(store, clock=clock, send_buffer=SMALL) as serving:
        reader = await Reader.connect(serving.port, cursor=0, receive_buffer=SMALL)
        await reader.until(lambda r: r.body)
        await append(store, *(output("x" * 1000) for _ in range(2000)))
        await eventually(lambda: serving.streams.recalls == 1)
        await clock.advance(29)
        assert serving.streams.open == 1
        await clock.advance(3)
        await eventually(lambda: serving.streams.open == 0)
        await reader.until(lambda r: r.broken)
        last = reader.events[-1][0]
        again = await Reader.connect(serving.port, cursor=last)
        await again.until(lambda r: len(r.events) == 2000 - last)
        assert [event[0] for event in reader.events + again.events] == list(range(1, 2001))
        again.close()
        reader.close()


async def test_a_slow_reader_who_goes_on_reading_is_kept() -> None:
    """Slow isn't stuck: who takes a little now and then keeps the connection and gets everything."""
    clock, store = VirtualClock(), MemoryEventStore()
    async with running(store, clock=clock, send_buffer=SMALL) as serving:
        reader = await Reader.connect(serving.port, cursor=0, receive_buffer=SMALL)
        await append(store, *(output("x" * 1000) for _ in range(300)))
        while len(reader.events) < 300:
            assert await reader.read(8192)
            await clock.advance(2)
        assert [event[0] for event in reader.events] == list(range(1, 301))
        reader.close()


async def test_the_server_s_end_lets_everyone_go_at_once() -> None:
    """At the end readers get a clean end of their stream, and one too slow to take it is cut off without waiting."""
    clock, store = VirtualClock(), MemoryEventStore()
    async with running(store, clock=clock, send_buffer=SMALL) as serving:
        swift = [await following(serving) for _ in range(3)]
        slow = await Reader.connect(serving.port, cursor=0, receive_buffer=SMALL)
        await slow.until(lambda r: r.body)
        await append(store, *(output("x" * 1000) for _ in range(300)))
        for reader in swift:
            await reader.until(lambda r: len(r.events) == 300)
        async with asyncio.timeout(DEADLINE):
            await serving.streams.close()
        for reader in swift:
            await reader.answer()
            assert reader.ended
            reader.close()
        await slow.until(lambda r: r.done)
        assert slow.broken
        slow.close()
        late = await (await Reader.connect(serving.port, cursor=0)).answer()
        assert (late.status, late.events, late.ended) == (200, [], True)
        late.close()


class FailingStore(MemoryEventStore):
    """A log that can't be read any more."""

    async def read_stream(
        self, stream: CodebaseId, after: Sequence, limit: int, *, upto: Sequence | None = None
    ) -> list[RecordedEvent]:
        """Read the first events only."""
        if after > 0:
            raise StoreError
        return await super().read_stream(stream, after, limit, upto=upto)


async def test_a_log_that_fails_breaks_the_stream_off() -> None:
    """When the log can't be read on, the stream breaks off, so that the reader comes back instead of seeing an end."""
    store = FailingStore()
    await append(store, *(output(str(n)) for n in range(4)))
    async with running(store, tuning={"page": 2}) as serving:
        reader = await Reader.connect(serving.port, cursor=0)
        await reader.until(lambda r: r.done)
        assert reader.broken
        assert [event[0] for event in reader.events] == [1, 2]
        reader.close()


async def test_followers_of_different_things_share_a_commit() -> None:
    """One commit gives each reader its own part: all of it, one session's, or nothing."""
    store = MemoryEventStore()
    await append(store, started("sess_a"), started("sess_b"))
    async with running(store) as serving:
        everything = await following(serving)
        one = await Reader.connect(serving.port, "/cb_a/events?session_id=sess_a")
        two = await Reader.connect(serving.port, "/cb_a/events?session_id=sess_b")
        for reader in (one, two):
            await reader.until(lambda r: r.events)
        await append(store, output("a", "sess_a"), output("b", "sess_b"), complete("sess_a"), complete("sess_b"))
        await one.answer()
        await two.answer()
        await everything.until(lambda r: len(r.events) == 6)
        assert [event[0] for event in one.events] == [1, 3, 5]
        assert [event[0] for event in two.events] == [2, 4, 6]
        for reader in (one, two, everything):
            reader.close()
