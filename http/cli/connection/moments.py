"""Earlier moments as a person gives them: an event's number, or a time as the tables print it."""

import re
from datetime import UTC, datetime
from typing import Final

from ..failures import CommandFailed
from ..layout.amounts import now

_CLOCK: Final = re.compile(r"(?:today )?(\d\d?):(\d\d)(?::(\d\d))?")


def moment_of(given: str | None) -> str | None:
    """The moment as the service takes it: an event's number, or a time in UTC. Raises `CommandFailed`.

    A time without a zone is this machine's, one without a date is today's.
    """
    if given is None or _is_number(given):
        return given
    moment = _time(given.strip())
    if moment is None:
        raise CommandFailed(
            f"--at takes an event's number or a time such as 08:15 or 2026-01-31T12:00:00Z, not {given!r}."
        )
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_of(given: str | None) -> str | None:
    """A moment for all codebases. Raises `CommandFailed`."""
    if given is not None and _is_number(given):
        raise CommandFailed(
            "An event's number belongs to one codebase, and this command shows all. Give a time, or use "
            "`opencode-ledger codebase show CODEBASE --at NUMBER`."
        )
    return moment_of(given)


def _is_number(given: str) -> bool:
    return given.isascii() and given.isdigit()


def _time(given: str) -> datetime | None:
    """The time, in a zone. None if it is none."""
    try:
        if clock := _CLOCK.fullmatch(given):
            hour, minute, second = (int(part or 0) for part in clock.groups())
            return now().astimezone().replace(hour=hour, minute=minute, second=second, microsecond=0)
        return datetime.fromisoformat(given).astimezone()
    except (ValueError, OverflowError, OSError):
        return None
