"""The seam between the log and the live events, one schedule at a time."""

import asyncio
from collections.abc import Callable

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Sequence
from opencode_ledger.domain.ports import CommitListener

from .events import append, log_of, output
from .reader import Reader
from .serving import running


class GatedStore(MemoryEventStore):
    """A log whose answers and announcements wait at a gate until the test lets them pass."""

    def __init__(self) -> None:
        super().__init__()
        self.reads_pass, self.reading = asyncio.Event(), asyncio.Event()
        self.reads_pass.set()
        self.announcements: list[Callable[[], None]] | None = None

    async def read_stream(
        self, stream: CodebaseId, after: Sequence, limit: int, *, upto: Sequence | None = None
    ) -> list[RecordedEvent]:
        """Read now, answer when the gate is open."""
        found = await super().read_stream(stream, after, limit, upto=upto)
        self.reading.set()
        await self.reads_pass.wait()
        return found

    def on_commit(self, listener: CommitListener) -> Callable[[], None]:
        """Announce at once, or keep it for later."""

        def hear(events: tuple[RecordedEvent, ...]) -> None:
            if self.announcements is None:
                listener(events)
            else:
                self.announcements.append(lambda: listener(events))

        return super().on_commit(hear)


async def everything_once(store: GatedStore, reader: Reader) -> None:
    """The reader gets the whole log, and nothing after it."""
    log = await log_of(store)
    await reader.until(lambda r: len(r.events) >= len(log))
    assert not await reader.read(within=0.02)
    assert reader.events == log
    reader.close()


async def test_a_commit_while_the_log_is_being_read_is_not_lost() -> None:
    """An event that is committed after the log was read, but before the reader follows live, still reaches it."""
    store = GatedStore()
    await append(store, output("before"))
    store.reads_pass.clear()
    async with running(store) as serving:
        reader = await Reader.connect(serving.port, cursor=0)
        await store.reading.wait()
        await append(store, output("meanwhile"))
        store.reads_pass.set()
        await everything_once(store, reader)


async def test_an_event_read_before_its_announcement_is_not_doubled() -> None:
    """An event that a reader got from the log already isn't sent again when it is announced, alone or in company."""
    store = GatedStore()
    async with running(store) as serving:
        swift = await Reader.connect(serving.port, cursor=0)
        await append(store, output("one"))
        await swift.until(lambda r: r.events)
        store.announcements = []
        await append(store, output("two"), output("three"))
        ahead = await Reader.connect(serving.port, cursor=1)
        await ahead.until(lambda r: len(r.events) == 2)
        for announce in store.announcements:
            announce()
        store.announcements = None
        await append(store, output("four"))
        await everything_once(store, swift)
        await ahead.until(lambda r: len(r.events) == 3)
        assert [event[0] for event in ahead.events] == [2, 3, 4]
        ahead.close()


async def test_a_page_that_is_full_is_not_taken_for_the_end() -> None:
    """A history that fills pages exactly is read to its end before the reader follows live."""
    store = GatedStore()
    await append(store, *(output(str(n)) for n in range(6)))
    async with running(store, tuning={"page": 3}) as serving:
        await everything_once(store, await Reader.connect(serving.port, cursor=0))


async def test_a_missed_announcement_is_made_good_from_the_log() -> None:
    """Should a commit ever go unannounced, the next one sends its followers to the log, and nothing is missing."""
    store = GatedStore()
    async with running(store) as serving:
        reader = await Reader.connect(serving.port, cursor=0)
        await append(store, output("one"))
        await reader.until(lambda r: r.events)
        store.announcements = []
        await append(store, output("two"))
        store.announcements = None
        await append(store, output("three"))
        await everything_once(store, reader)
