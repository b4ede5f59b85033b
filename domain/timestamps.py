"""How moments are written: the one place that makes a `Timestamp` of a date, and a date of a `Timestamp`."""

from datetime import UTC, datetime, timedelta

from .ids import Timestamp


def timestamp_of(moment: datetime) -> Timestamp:
    """A moment in any time zone, as the log has it: RFC 3339 in UTC, with milliseconds."""
    return Timestamp(moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))


def moment_of(timestamp: Timestamp) -> datetime:
    """The moment that a timestamp names. Raises `ValueError` where it names none."""
    return datetime.fromisoformat(timestamp)


def later(timestamp: Timestamp, seconds: float) -> Timestamp:
    """The moment that many seconds after another."""
    return timestamp_of(moment_of(timestamp) + timedelta(seconds=seconds))
