"""The pause of a codebase's waiting work: a rest after failures in a row, or the time until it is looked at again."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta

from ..domain.codebase.backoff import look_again_after
from ..domain.ids import Timestamp
from ..domain.ports import Clock
from .clock import written

Spawn = Callable[[Coroutine[None, None, None]], "asyncio.Task[None]"]


class Pause:
    """At most one at a time. `over` is called at the end of one that was not ended before. `until`: when that will be."""

    def __init__(self, clock: Clock, spawn: Spawn, over: Callable[[], None]) -> None:
        self._clock, self._spawn, self._over = clock, spawn, over
        self._waiting: asyncio.Task[None] | None = None
        self._looks = 0
        self.until: Timestamp | None = None

    @property
    def lasts(self) -> bool:
        """Whether there is one now."""
        return self._waiting is not None

    @property
    def is_rest(self) -> bool:
        """Whether it comes of failures, and is only the queue's."""
        return self.lasts and not self._looks

    def rest(self, seconds: float) -> None:
        """Rest for so long from now on, or (0) not at all."""
        self.end()
        if seconds:
            self._begin(seconds)

    def hold(self) -> None:
        """What waits could not start: look again soon, less often after a while."""
        looks = self._looks + 1
        self.end()
        self._looks = looks
        self._begin(look_again_after(looks))

    def end(self) -> None:
        """There is none any more, and what could not start is forgotten."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.until = None
        self._looks = 0

    def _begin(self, seconds: float) -> None:
        self.until = written(self._clock.now() + timedelta(seconds=seconds))
        self._waiting = self._spawn(self._pass(seconds))

    async def _pass(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._waiting = self.until = None
        self._over()
