"""Reads a moment as a person or a client names it: the number of an event in the codebase, or a time."""

from datetime import UTC, datetime
from typing import Final

from ...domain.errors import InvalidInput
from ...domain.ids import CodebaseId, Sequence
from .views_at import Moments

FIRST: Final = Sequence(1)


async def moment_of(
    text: str, codebase: CodebaseId, head: Sequence, moments: Moments, *, asked_as: str = "at", first: Sequence = FIRST
) -> Sequence:
    """The event of a codebase that a moment names. `head`: the codebase's last event. Raises `InvalidInput`.

    `asked_as`: the caller's name for the parameter. `first`: 0 where the time before all events is allowed too.
    """
    named = _named(text, asked_as)
    sequence = named if isinstance(named, int) else min(head, await moments.sequence_at(codebase, named))
    if sequence < first and isinstance(named, datetime):
        raise InvalidInput(f"`{asked_as}` is {text}, before the first event of {codebase}.")
    if not first <= sequence <= head:
        raise InvalidInput(f"`{asked_as}` is {text}, but {codebase} has only the events {first} to {head}.")
    return Sequence(sequence)


def _named(text: str, asked_as: str) -> int | datetime:
    """A sequence, or a time; UTC where it has no time zone. Raises `InvalidInput`."""
    if text.isascii() and text.isdigit() and len(text) <= 19:
        return int(text)
    try:
        # In a query string a plus sign means a blank, even before a time zone.
        time = datetime.fromisoformat(text.replace(" ", "+") if text.count("T") else text)
    except ValueError:
        raise InvalidInput(
            f"`{asked_as}` must be an event's number or a time such as 2026-01-31T12:00:00Z, not {text!r}."
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
