"""Connections beyond the limit: each is told so in the one shape of errors, and ended."""

import asyncio
from typing import Final, cast

import orjson

SURPLUS: Final = 64
"""Connections that are told so at once; what comes beyond is dropped without a word."""

PATIENCE: Final = 5.0
"""Seconds for a client to say something and to take the answer."""

_BODY: Final = orjson.dumps({"detail": "The server is at its connection limit.", "code": "overloaded"})
FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
    b"X-Content-Type-Options: nosniff\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_BODY), _BODY)
)


class Surplus:
    """Those who are being sent away."""

    def __init__(self) -> None:
        self._going: set[asyncio.Transport] = set()

    def one_more(self) -> asyncio.Protocol:
        """The protocol of one more connection that there is no room for."""
        return _SentAway(self._going)

    def close(self) -> None:
        """Drop those who are still there."""
        for transport in self._going:
            transport.abort()


class _SentAway(asyncio.Protocol):
    def __init__(self, going: set[asyncio.Transport]) -> None:
        self._going = going
        self._told = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if len(self._going) >= SURPLUS:
            self._transport.abort()
            return
        self._going.add(self._transport)
        self._end = asyncio.get_running_loop().call_later(PATIENCE, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        # Half closed only: a client that is still sending its body would lose the answer otherwise.
        if not self._told and self._transport in self._going:
            self._told = True
            self._transport.write(FULL)
            self._transport.write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport in self._going:
            self._going.discard(self._transport)
            self._end.cancel()
