"""The pause of a codebase's waiting work: a back-off after consecutive failures, or the time until the next try."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from ...domain.codebase.backoff import look_again_after
from ...domain.ids import Timestamp
from ...domain.ports import Clock
from ...domain.timestamps import timestamp_of
from ..background import Background


class Pause:
    """At most one at a time. `over` is called when a pause has passed. `until`: when the present one ends."""

    def __init__(self, clock: Clock, background: Background, over: Callable[[], None]) -> None:
        self._clock, self._background, self._over = clock, background, over
        self._waiting: asyncio.Task[None] | None = None
        self._tries = 0
        self.until: Timestamp | None = None

    @property
    def lasts(self) -> bool:
        """Whether there is one now."""
        return self._waiting is not None

    @property
    def is_backoff(self) -> bool:
        """Whether failures caused it. Only the queue waits for such a pause."""
        return self.lasts and not self._tries

    def back_off(self, seconds: float) -> None:
        """Pause for this time from now on; for 0 there is no pause."""
        self.end()
        if seconds:
            self._begin(seconds)

    def hold(self) -> None:
        """The waiting work could not start: try again soon, less often after a while."""
        tries = self._tries + 1
        self.end()
        self._tries = tries
        self._begin(look_again_after(tries))

    def end(self) -> None:
        """End the pause, and forget how often the work could not start."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.until = None
        self._tries = 0

    def _begin(self, seconds: float) -> None:
        self.until = timestamp_of(self._clock.now() + timedelta(seconds=seconds))
        self._waiting = self._background.spawn(self._pass(seconds))

    async def _pass(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._waiting = self.until = None
        self._over()
