"""What part of a list a client wants: `limit` and `offset` in the query."""

import re
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ..domain.errors import InvalidInput

USUAL_LIMIT: Final = 50
LARGEST_LIMIT: Final = 500
LARGEST: Final = 10**15 - 1
# Python's int() would also take signs, blanks, underscores and the digits of other scripts.
_NUMBER: Final = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Part:
    """At most `limit` items, after the first `offset`."""

    limit: int
    offset: int


def part_of(request: web.Request) -> Part:
    """The part that the request asks for. Raises `InvalidInput`."""
    limit = number_in(request, "limit", USUAL_LIMIT, least=1, most=LARGEST_LIMIT)
    return Part(limit, number_in(request, "offset", 0))


def number_in(request: web.Request, name: str, usual: int | None, *, least: int = 0, most: int = LARGEST) -> int:
    """A number of the query; `usual` where it isn't given, unless None. Raises `InvalidInput`."""
    given = request.query.getall(name, [])
    if not given and usual is not None:
        return usual
    if len(given) != 1 or not _NUMBER.fullmatch(given[0]):
        raise InvalidInput(f"{name}: It must be given once, as a whole number in decimal digits.")
    if not least <= int(given[0]) <= most:
        raise InvalidInput(f"{name}: It must be from {least} to {most}.")
    return int(given[0])
