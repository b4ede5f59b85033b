"""Ages, durations, costs and counts, as short as a table wants them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

_BLANKS: Final = re.compile(r"[ \t\n]+")


def now() -> datetime:
    """The present moment, by this machine's clock."""
    return datetime.now(UTC)


def seconds_since(timestamp: str | None, at: datetime) -> float | None:
    """Seconds from a moment of the service until this one; below 0 if it is to come. None if there is no such moment."""
    try:
        return (at - datetime.fromisoformat(timestamp)).total_seconds() if timestamp else None
    except ValueError:
        return None


def age(timestamp: str | None, at: datetime) -> str:
    """How long ago a moment is. The clocks of two machines may differ, so it is never below 0."""
    seconds = seconds_since(timestamp, at)
    return "-" if seconds is None else span(max(0.0, seconds))


def remaining(timestamp: str | None, at: datetime) -> str:
    """How long it is until a moment."""
    seconds = seconds_since(timestamp, at)
    return "-" if seconds is None else span(max(0.0, -seconds), exact=True)


def span(seconds: float, *, exact: bool = False) -> str:
    """A time: `12 s`, `4 m`, `3 h`, `5 d`. `exact`: with a smaller unit after it, as in `9 m 40 s`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    units = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
    place = next(number for number, (size, _) in enumerate(units) if whole >= size)
    (size, name), (smaller, next_name) = units[place], units[place + 1]
    rest = whole % size // smaller
    return f"{whole // size} {name}" + (f" {rest} {next_name}" if exact and rest else "")


def clock(timestamp: str | None, at: datetime) -> str:
    """A moment in this machine's time zone: the time of day, with the date unless it is today."""
    try:
        moment = datetime.fromisoformat(timestamp).astimezone() if timestamp else None
    except ValueError:
        moment = None
    if moment is None:
        return "-"
    today = moment.date() == at.astimezone().date()
    return moment.strftime("today %H:%M" if today else "%Y-%m-%d %H:%M")


def dollars(cost: float) -> str:
    """US dollars: two digits, or more where it is less than a cent."""
    return f"${cost:.2f}" if cost >= 0.01 or cost == 0 else f"${cost:.4f}"


def thousands(count: int) -> str:
    """A count of tokens: `117`, `9.8k`, `1.2M`."""
    for size, name in ((1_000_000, "M"), (1000, "k")):
        if count >= size:
            return f"{count / size:.1f}{name}"
    return str(count)


def tokens(used: Mapping[str, Any]) -> str:
    """The tokens that went in, whether cached or not, and those that came out."""
    read = sum(int(used.get(name) or 0) for name in ("input", "cache_read", "cache_write"))
    return f"{thousands(read)} in, {thousands(int(used.get('output') or 0) + int(used.get('reasoning') or 0))} out"


def words(text: str | None) -> str:
    """A text on one line: line ends, tabs and blanks are one blank. What else looks like a blank stays, to be made visible."""
    return _BLANKS.sub(" ", text or "").strip(" ")
