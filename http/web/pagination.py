"""What part of a list a client wants: `limit` and `offset` in the query."""

from dataclasses import dataclass

from aiohttp import web

from .parameters import LIMIT, OFFSET


@dataclass(frozen=True, slots=True)
class Part:
    """At most `limit` items, after the first `offset`."""

    limit: int
    offset: int


def part_of(request: web.Request) -> Part:
    """The part that the request asks for. Raises `InvalidInput`."""
    return Part(LIMIT.of(request), OFFSET.of(request))
