"""Admission of event streams: a stream beyond the limits is refused before its first byte."""

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


class StreamAdmission:
    """Counts the open streams: all of them, and those of each client."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open_by_client: Counter[str | None] = Counter()
        self._open = 0

    @contextmanager
    def admitted(self, request: web.Request) -> Generator[None, None, None]:
        """Count a stream for the length of the block. Raises `Overloaded` or `TooManyRequests` beyond the limits.

        The limits are higher for a reader that returns with an event's id: its broken connection may still be counted,
        and a browser that is refused once doesn't try again.
        """
        client = client_of(request)
        self._check(client, returning=_returns(request))
        self._open += 1
        self._open_by_client[client] += 1
        try:
            yield
        finally:
            self._open -= 1
            self._open_by_client[client] -= 1
            if not self._open_by_client[client]:
                del self._open_by_client[client]

    def _check(self, client: str | None, *, returning: bool) -> None:
        limits = self._limits
        own = limits.streams_per_client if returning else limits.streams_per_client // 2
        if client is not None and (count := self._open_by_client[client]) >= own:
            raise TooManyRequests(f"This client already has {count} open event streams.", RETRY_AFTER)
        if self._open >= (limits.streams if returning else limits.new_streams):
            raise Overloaded("The server is at its limit of open event streams.", RETRY_AFTER)


def _returns(request: web.Request) -> bool:
    return request.headers.get("Last-Event-ID", request.query.get("last_event_id", "0")) != "0"
