"""Time for tests: the twin of the system's clock, in which nobody really waits.

It stands still until `advance` moves it. With `jumping=True` it also moves by itself: as soon as every task of the
event loop waits, it jumps to the moment at which the next sleeper wakes. Jumping is for tests without real
input and output, because a task that waits for a disk looks like one that waits forever.
"""

import asyncio
import heapq
from collections.abc import Sized
from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2025, 12, 10, 15, 30, tzinfo=UTC)


async def settle() -> None:
    """Return once every other task of the event loop waits for something."""
    while True:
        await asyncio.sleep(0)
        if not _others_ready():
            return


def _others_ready() -> bool:
    ready: Sized = getattr(asyncio.get_running_loop(), "_ready", ())  # asyncio has no public way to ask this
    return len(ready) > 0


class VirtualClock:
    """A `Clock` whose seconds pass only when they are wanted."""

    def __init__(self, *, jumping: bool = False) -> None:
        self._jumping = jumping
        self._elapsed = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._jump: asyncio.Task[None] | None = None

    @property
    def sleepers(self) -> int:
        """How many wait for time to pass."""
        return sum(not wake.done() for _, _, wake in self._sleepers)

    def now(self) -> datetime:
        """See `Clock`."""
        return START + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """See `Clock`."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """See `Clock`; sleepers of the same moment wake in the order in which they fell asleep."""
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + max(seconds, 0.0), next(self._order), wake))
        if self._jumping and (self._jump is None or self._jump.done()):
            self._jump = asyncio.create_task(self._jump_on())
        await wake

    async def advance(self, seconds: float) -> None:
        """Let this much time pass, waking the sleepers one by one, each in its own moment."""
        until = self._elapsed + seconds
        await settle()
        while self._sleeping() and self._sleepers[0][0] <= until:
            self._wake_next()
            await settle()
        self._elapsed = max(self._elapsed, until)

    def forget(self) -> None:
        """Drop all sleepers, as the end of a process does."""
        self._sleepers.clear()

    async def _jump_on(self) -> None:
        while self._sleeping():
            await settle()
            if self._sleeping():
                self._wake_next()

    def _sleeping(self) -> bool:
        while self._sleepers and self._sleepers[0][2].done():  # cancelled meanwhile
            heapq.heappop(self._sleepers)
        return bool(self._sleepers)

    def _wake_next(self) -> None:
        moment, _, wake = heapq.heappop(self._sleepers)
        self._elapsed = max(self._elapsed, moment)
        wake.set_result(None)
