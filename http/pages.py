"""What part of a list a client wants: `limit` and `offset` in the query."""

import re
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ..domain.errors import InvalidInput

USUAL_LIMIT: Final = 50
LARGEST_LIMIT: Final = 500
# Python's int() would also take signs, blanks, underscores and the digits of other scripts.
_NUMBER: Final = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Part:
    """At most `limit` items, after the first `offset`."""

    limit: int
    offset: int


def part_of(request: web.Request) -> Part:
    """The part that the request asks for. Raises `InvalidInput`."""
    limit = _number(request, "limit", USUAL_LIMIT)
    if not 1 <= limit <= LARGEST_LIMIT:
        raise InvalidInput(f"limit: It must be from 1 to {LARGEST_LIMIT}.")
    return Part(limit, _number(request, "offset", 0))


def _number(request: web.Request, name: str, usual: int) -> int:
    given = request.query.getall(name, [])
    if not given:
        return usual
    if len(given) > 1 or not _NUMBER.fullmatch(given[0]):
        raise InvalidInput(f"{name}: It must be given once, as a whole number in decimal digits.")
    return int(given[0])
