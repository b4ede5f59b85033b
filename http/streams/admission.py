"""Places for event streams: a stream that there is no room for is refused before its first byte."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from aiohttp import web

from ..limits import Limits
from ..web.errors import Overloaded, TooManyRequests
from ..web.rate_limit import client_of

RETRY_AFTER: Final = 5
"""Seconds after which a refused reader may try again."""


class StreamPlaces:
    """Counts the open streams, in all and of each client."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._taken: Counter[str | None] = Counter()
        self._all = 0

    @contextmanager
    def taken(self, request: web.Request) -> Generator[None, None, None]:
        """Hold a place for the length of the block. Raises `Overloaded` or `TooManyRequests` where there is none.

        A reader that comes back with the id of an event finds a place where a new one no longer does: its broken
        connection may still be counted, and a browser that is refused once doesn't try again.
        """
        client = client_of(request)
        self._check(client, returning=_comes_back(request))
        self._all += 1
        self._taken[client] += 1
        try:
            yield
        finally:
            self._all -= 1
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]

    def _check(self, client: str | None, *, returning: bool) -> None:
        limits = self._limits
        own = limits.streams_per_client if returning else limits.streams_per_client // 2
        if client is not None and self._taken[client] >= own:
            raise TooManyRequests(f"This client already has {self._taken[client]} open event streams.", RETRY_AFTER)
        if self._all >= (limits.streams if returning else limits.new_streams):
            raise Overloaded("The server is at its limit of open event streams.", RETRY_AFTER)


def _comes_back(request: web.Request) -> bool:
    return request.headers.get("Last-Event-ID", request.query.get("last_event_id", "0")) != "0"
