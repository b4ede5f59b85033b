"""The clock along a codebase's events: finds the event of a time, even where the clock was set back."""

from collections.abc import Iterable
from datetime import UTC, datetime

import orjson

from ...domain.events.recorded import RecordedEvent
from ...domain.ids import Sequence


class ClockReadings:
    """Takes a codebase's events in order. `upto`: the last event that it has seen.

    A server's clock rises, except when somebody sets it back, which is rare. Only those places are kept.
    """

    def __init__(self) -> None:
        self.upto = Sequence(0)
        self._last = datetime.max.replace(tzinfo=UTC)
        self._runs: list[tuple[Sequence, datetime]] = []

    def take(self, events: Iterable[RecordedEvent]) -> None:
        """Take the next events."""
        for event in events:
            time = time_of(event)
            if time < self._last:
                self._runs.append((event.sequence, time))
            self.upto, self._last = event.sequence, time

    def run_with(self, time: datetime) -> tuple[Sequence, Sequence] | None:
        """The last run of events that begins no later than `time`; it has the last event up to that time.

        The clock never falls within a run. None where every event is later.
        """
        for number in reversed(range(len(self._runs))):
            first, began = self._runs[number]
            if began <= time:
                after = self._runs[number + 1][0] if number + 1 < len(self._runs) else self.upto + 1
                return first, Sequence(after - 1)
        return None


def time_of(event: RecordedEvent) -> datetime:
    """When an event was recorded; an event without a time counts as very old."""
    try:
        return datetime.fromisoformat(orjson.loads(event.data)["timestamp"]).astimezone(UTC)
    except (ValueError, KeyError, TypeError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)
