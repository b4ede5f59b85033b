"""How long the queue of a codebase rests after failures in a row, so that an agent that can't work doesn't use it up.

One failure may be the task's own. After more, each wait is twice the one before; what a person triggers never waits.
Work that can't start for now has not failed: it is looked at again and again, less often after a while.
"""

from typing import Final

FIRST: Final = 2.0
LONGEST: Final = 300.0
"""Seconds of rest: after the second failure in a row, and at most."""

FIRST_LOOK: Final = 1.0
LONGEST_LOOK: Final = 15.0
"""Seconds until it is looked again whether work can start that could not: the first time, and at most."""

_ENOUGH: Final = 16
"""Doublings after which the longest rest is reached for sure."""


def backoff_after(failures: int) -> float:
    """Seconds that the queue rests after so many sessions that failed in a row."""
    return min(FIRST * 2 ** min(failures - 2, _ENOUGH), LONGEST) if failures > 1 else 0.0


def look_again_after(looks: int) -> float:
    """Seconds until the next look, where work could not start at so many looks in a row."""
    return min(FIRST_LOOK * 2.0 ** min(looks - 1, _ENOUGH), LONGEST_LOOK)


def notice(failures: int) -> str:
    """The last failure, and what follows of it for the queue, in words."""
    rest = backoff_after(failures)
    return f"Agent failed {failures} times in a row; the queue waits {rest:.0f} s" if rest else "Agent failed"
