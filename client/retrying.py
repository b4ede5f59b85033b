"""Which requests may be repeated, and how long to wait before. No I/O.

A command may be repeated if the service recognises the repetition, as it does by `Idempotency-Key`, or if the service
can't have begun to execute it. Nothing else may: it could be executed twice.
"""

import random
from collections.abc import Iterator
from typing import Final

from .errors import NO_CODE, LedgerApiError, LedgerUnreachable

FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 8.0
"""Seconds. Each pause is up to twice the one before it."""

PASSING: Final = frozenset({"overloaded", "shutting_down", "views_behind", "tree_behind", NO_CODE})
"""Codes of a status 503 that soon ends by itself. An agent that is not available stays so until somebody acts."""

NOT_BEGUN: Final = frozenset({"overloaded", "too_many_requests"})
"""Codes of refusals that come before any work."""


def may_be_repeated(failure: LedgerApiError | LedgerUnreachable, *, recognised: bool) -> bool:
    """Whether a request may be sent again after this failure. `recognised`: a repetition does nothing more."""
    if isinstance(failure, LedgerUnreachable):
        return recognised or not failure.sent
    return passes(failure) and (recognised or failure.code in NOT_BEGUN)


def passes(failure: LedgerApiError) -> bool:
    """Whether the service or a proxy refuses for the moment only."""
    if failure.status == 503:
        return failure.code in PASSING or failure.retry_after is not None
    return failure.status in (429, 502, 504)


def pauses() -> Iterator[float]:
    """Seconds to wait before each repetition. They differ between clients, which don't all come back at once."""
    longest = FIRST_PAUSE
    while True:
        yield longest * (0.5 + random.random() / 2)
        longest = min(2 * longest, LONGEST_PAUSE)


def wanted_pause(failure: LedgerApiError | LedgerUnreachable, pause: float) -> float:
    """The pause, or a longer one that the service asks for."""
    asked = failure.retry_after if isinstance(failure, LedgerApiError) else None
    return max(pause, asked or 0.0)
