"""The system's time. No other module of `actors/` reads it."""

import asyncio
import time
from datetime import UTC, datetime

from ..domain.ids import Timestamp
from ..domain.ports import Clock
from ..domain.timestamps import timestamp_of


class SystemClock:
    """Wall-clock time for records, monotonic time for everything that waits."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed moment. A change of the system's time doesn't move it."""
        return steady_seconds()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def loop_seconds() -> float:
    """Seconds since some fixed moment, by the clock of the running event loop."""
    return asyncio.get_running_loop().time()


def steady_seconds() -> float:
    """Seconds since some fixed moment, for threads that have no event loop."""
    return time.monotonic()


def boot_seconds() -> float:
    """Seconds since the machine started, counting its sleep. Linux dates its processes so."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def wall_seconds() -> float:
    """Seconds since 1970 by the system's time, for what opencode or the system dates so."""
    return time.time()


def wall_milliseconds() -> float:
    """Milliseconds since 1970 by the system's time, as opencode dates its events."""
    return time.time() * 1000


def timestamp(clock: Clock) -> Timestamp:
    """The present moment as the log writes it."""
    return timestamp_of(clock.now())
