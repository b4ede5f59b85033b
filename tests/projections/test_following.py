"""Following the log: news, failures, callers that wait, and the end."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.typing import EventDict

from opencode_ledger.projections.following import BACKOFF, Follower


class Work:
    """Steps over a log that ends at `head`; `at` is the position they have come to. A sleep lasts until `awake` is set."""

    def __init__(self, *, gather: float = 0.0) -> None:
        self.at = self.head = 0
        self.broken = False
        self.slept: list[float] = []
        self.awake = asyncio.Event()
        self.follower = Follower("work", self._step, lambda: self.at, self._sleep, gather=gather)

    async def _step(self) -> bool:
        if self.broken:
            raise OSError("disk gone")
        had_news = self.at < self.head
        self.at += had_news
        return had_news

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.awake.wait()

    def grows(self, count: int) -> None:
        self.head += count
        self.follower.notify()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0)


async def test_all_news_are_taken() -> None:
    """Every event of the log is reached, and a caller that waits for one returns when it is."""
    work = Work()
    work.follower.start()
    work.grows(3)
    assert await work.follower.reaches(3, 60)
    assert (work.at, work.follower.trouble) == (3, None)
    await work.follower.cancel()


async def test_a_caller_cuts_the_gathering_short() -> None:
    """News gather before the next step, unless a caller waits for them."""
    work = Work(gather=5)
    work.follower.start()
    work.grows(1)
    await until(lambda: work.at == 1)
    work.grows(1)
    await until(lambda: 5 in work.slept)
    assert work.at == 1
    assert await work.follower.reaches(2, 60)
    await work.follower.cancel()


async def test_a_failed_step_is_retried_ever_more_slowly(logs: list[EventDict]) -> None:
    """What fails is logged and retried, at most every few seconds; the end of the trouble is seen."""
    work = Work()
    work.awake.set()
    work.broken = True
    work.follower.start()
    await until(lambda: len(work.slept) > 8)
    assert work.slept[:3] == [BACKOFF[0], 2 * BACKOFF[0], 4 * BACKOFF[0]] and max(work.slept) == BACKOFF[1]
    assert work.follower.trouble == "disk gone" and "disk gone" in str(logs)
    work.broken = False
    work.grows(1)
    await until(lambda: work.at == 1 and work.follower.trouble is None)
    await work.follower.cancel()


async def test_no_caller_cuts_a_backoff_short() -> None:
    """A caller gives up after its patience; it makes no failing step come sooner."""
    work = Work()
    work.broken = True
    work.follower.start()
    work.grows(1)
    await until(lambda: work.slept == [BACKOFF[0]])
    waiting = asyncio.create_task(work.follower.reaches(1, 60))
    await until(lambda: 60 in work.slept)
    assert work.slept == [BACKOFF[0], 60]
    await work.follower.cancel()
    assert not await waiting


@pytest.mark.parametrize(("steps", "reached"), [(2, 2), (10, 5)])
async def test_the_end_takes_the_last_news(steps: int, reached: int) -> None:
    """Before the end, what the log has by now is taken, up to a number of steps; callers that still wait are released."""
    work = Work()
    work.head = 5
    waiting = asyncio.create_task(work.follower.reaches(9, 60))
    await until(lambda: 60 in work.slept)
    work.follower.start()
    await work.follower.finish(steps)
    assert work.at == reached
    assert not await waiting


async def test_the_end_waits_for_no_backoff() -> None:
    """A step that fails at the end is not retried: the next start takes it."""
    work = Work()
    work.broken = True
    work.follower.start()
    await until(lambda: work.slept == [BACKOFF[0]])
    async with asyncio.timeout(30):
        await work.follower.finish(100)
    assert work.slept == [BACKOFF[0]]
