"""The system's time: the only place of the service that reads it."""

import asyncio
import time
from datetime import UTC, datetime

from ..domain.ids import Timestamp
from ..domain.ports import Clock


class SystemClock:
    """Wall-clock time for records, monotonic time for everything that waits."""

    def now(self) -> datetime:
        """This moment in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment that never moves."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def timestamp(clock: Clock) -> Timestamp:
    """This moment as the log writes it."""
    return written(clock.now())


def written(moment: datetime) -> Timestamp:
    """A moment as the log writes it: RFC 3339, UTC, milliseconds."""
    return Timestamp(moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
