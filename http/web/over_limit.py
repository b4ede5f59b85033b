"""Connections beyond the limit: each gets an error in the common form, and is ended."""

import asyncio
from typing import Final, cast

import orjson

from .errors import Overloaded, fault_of

MOST_ANSWERED: Final = 64
"""The most connections that get the error at the same time. Any further connection is dropped silently."""

PATIENCE: Final = 5.0
"""Seconds for a client to send something and to take the response."""

_FAULT: Final = fault_of(Overloaded)
_BODY: Final = orjson.dumps({"detail": _FAULT.detail, "code": _FAULT.code})
FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
    b"X-Content-Type-Options: nosniff\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_BODY), _BODY)
)


class RefusedConnections:
    """The connections that are being refused."""

    def __init__(self) -> None:
        self._going: set[asyncio.Transport] = set()

    def refuse(self) -> asyncio.Protocol:
        """The protocol of a connection beyond the limit."""
        return _Refused(self._going)

    def close(self) -> None:
        """Drop the connections that are left."""
        for transport in self._going:
            transport.abort()


class _Refused(asyncio.Protocol):
    def __init__(self, going: set[asyncio.Transport]) -> None:
        self._going = going
        self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if len(self._going) >= MOST_ANSWERED:
            self._transport.abort()
            return
        self._going.add(self._transport)
        self._end = asyncio.get_running_loop().call_later(PATIENCE, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        # Only half closed: otherwise a client that is still sending its body would lose the response.
        if not self._answered and self._transport in self._going:
            self._answered = True
            self._transport.write(FULL)
            self._transport.write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport in self._going:
            self._going.discard(self._transport)
            self._end.cancel()
