"""A moment, as a person or a client names it: the number of an event in the codebase, or a time."""

from datetime import UTC, datetime

from ..domain.errors import InvalidInput


def moment_in(text: str) -> int | datetime:
    """A sequence, or a time in UTC unless it says otherwise. Raises `InvalidInput`."""
    if text.isascii() and text.isdigit() and len(text) <= 19:
        return int(text)
    try:
        # In a query a plus sign stands for a blank, also the one before a time zone.
        time = datetime.fromisoformat(text.replace(" ", "+") if text.count("T") else text)
    except ValueError:
        raise InvalidInput(
            f"at: {text!r} is neither the number of an event nor a time such as 2026-01-31T12:00:00Z."
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
