"""How long a codebase's queue pauses after consecutive failures, so that a broken agent doesn't use up all tasks.

- One failure may be the task's own fault. After that, each pause is twice the one before.
- A trigger by a person never waits.
- Work that can't start yet has not failed: it is tried again, less often over time.
"""

from typing import Final

FIRST: Final = 2.0
LONGEST: Final = 300.0
"""Seconds of a pause: after the second consecutive failure, and at most."""

FIRST_LOOK: Final = 1.0
LONGEST_LOOK: Final = 15.0
"""Seconds until the next try of work that could not start: at first, and at most."""

_ENOUGH: Final = 16
"""Doublings after which the longest pause is certainly reached."""


def backoff_after(failures: int) -> float:
    """Seconds that the queue pauses after that number of consecutive failed sessions."""
    return min(FIRST * 2 ** min(failures - 2, _ENOUGH), LONGEST) if failures > 1 else 0.0


def look_again_after(looks: int) -> float:
    """Seconds until the next try, after that number of tries in which work could not start."""
    return min(FIRST_LOOK * 2.0 ** min(looks - 1, _ENOUGH), LONGEST_LOOK)


def notice(failures: int) -> str:
    """The last failure and its consequence for the queue, as a sentence."""
    rest = backoff_after(failures)
    return f"Agent failed {failures} times in a row; the queue waits {rest:.0f} s" if rest else "Agent failed"
