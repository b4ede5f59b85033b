"""What must stay true for a request that lasts: a stream may be open longer than what let its reader in."""

from collections.abc import Callable
from typing import Final, NamedTuple

from aiohttp import web


class Condition(NamedTuple):
    """Whether a request may go on, and what its stream says at the end if not: a comment."""

    holds: Callable[[], bool]
    otherwise: bytes


_CONDITIONS: Final[web.RequestKey[tuple[Condition, ...]]] = web.RequestKey("conditions", tuple)


def only_while(request: web.Request, condition: Condition) -> None:
    """Have a request's stream end as soon as this no longer holds."""
    request[_CONDITIONS] = (*request.get(_CONDITIONS, ()), condition)


def why_over(request: web.Request) -> bytes | None:
    """The comment of the first condition that no longer holds, or None."""
    return next((one.otherwise for one in request.get(_CONDITIONS, ()) if not one.holds()), None)
