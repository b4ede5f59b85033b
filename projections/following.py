"""Following the log: a step is repeated, waits for news, is retried after a failure, and callers can wait for its result.

The views and the tree of the log both follow the log this way.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import structlog

from ..domain.ports import Sleep

log = structlog.get_logger()

BACKOFF: Final = (0.05, 5.0)
"""Seconds before a failed step is retried: at first, and at most."""

Step: TypeAlias = Callable[[], Awaitable[bool]]
"""Takes the next events of the log. The result is False where there were none."""


class Follower:
    """Repeats a step for as long as the log has news. Nothing runs before `start`.

    `reached`: the position that the steps have come to. `gather`: seconds in which news gather before the next step,
    unless somebody waits. `trouble`: why the last step failed; None where it didn't.
    """

    def __init__(self, name: str, step: Step, reached: Callable[[], int], sleep: Sleep, *, gather: float = 0.0) -> None:
        self._name, self._step, self._reached, self._sleep, self._gather = name, step, reached, sleep, gather
        self._news, self._hurry, self._ending = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._waiting: dict[asyncio.Future[bool], int] = {}
        self._task: asyncio.Task[None] | None = None
        self._steps_left: int | None = None
        self.trouble: str | None = None

    def start(self) -> None:
        """Begin to follow."""
        self._task = asyncio.create_task(self._follow(), name=self._name)

    def notify(self) -> None:
        """The log has news."""
        self._news.set()

    async def reaches(self, position: int, patience: float) -> bool:
        """Whether the position is reached within `patience` seconds; False too where following ends before."""
        if self._reached() >= position:
            return True
        self._hurry.set()
        arrival = asyncio.get_running_loop().create_future()
        self._waiting[arrival] = position
        deadline = asyncio.ensure_future(self._sleep(patience))
        try:
            await asyncio.wait((arrival, deadline), return_when=asyncio.FIRST_COMPLETED)
            return arrival.done() and arrival.result()
        finally:
            deadline.cancel()
            arrival.cancel()
            del self._waiting[arrival]

    async def finish(self, steps: int) -> None:
        """End once the log has no more news, a step fails, or after that many steps. No step is cancelled."""
        self._steps_left = steps
        for event in (self._news, self._hurry, self._ending):
            event.set()
        await self._ended()

    async def cancel(self) -> None:
        """End at once, in the middle of a step too."""
        if self._task is not None:
            self._task.cancel()
        await self._ended()

    async def _ended(self) -> None:
        if self._task is not None:
            await asyncio.wait((self._task,))
        self._release(lambda _position: True, arrived=False)

    async def _follow(self) -> None:
        delay = BACKOFF[0]
        while self._steps_left is None or self._steps_left > 0:
            self._steps_left = None if self._steps_left is None else self._steps_left - 1
            self._news.clear()
            try:
                had_news = await self._step()
            # To skip what failed would leave a gap for ever, and to end here would leave it stale.
            except Exception as error:
                self.trouble = str(error)
                log.exception("can't follow the log", what=self._name, why=self.trouble, retry_in=delay)
                had_news, pause, delay = False, delay, min(2 * delay, BACKOFF[1])
            else:
                self.trouble, delay, pause = None, BACKOFF[0], self._gather
            finally:
                self._release(lambda position: position <= self._reached(), arrived=True)
            if not had_news:
                await self._rest(pause)

    async def _rest(self, pause: float) -> None:
        """Wait for the time of the next step; not at all once following is about to end."""
        if self._steps_left is not None:
            self._steps_left = 0
            return
        if self.trouble is not None:
            await self._pause(pause, self._ending)
            return
        await self._news.wait()
        if pause:
            await self._pause(pause, self._hurry)
        self._hurry.clear()

    async def _pause(self, seconds: float, cut_short: asyncio.Event) -> None:
        pause, cut = asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(cut_short.wait())
        try:
            await asyncio.wait((pause, cut), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pause.cancel()
            cut.cancel()

    def _release(self, those: Callable[[int], bool], *, arrived: bool) -> None:
        for arrival, position in self._waiting.items():
            if those(position) and not arrival.done():
                arrival.set_result(arrived)
