"""The transport that blocks its thread, with the standard library alone, and the way to run coroutines on it.

Its coroutines never wait for an event loop, so each is run to its end in one step. aiohttp takes longer to import than
a short program may take as a whole.
"""

import http.client
import socket
import threading
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from weakref import WeakSet

from .address import Address
from .errors import LedgerClosed, LedgerUnreachable
from .transport import Request, Response

T = TypeVar("T")

_LOST: Final = (http.client.HTTPException, OSError)
_PIECE: Final = 64 * 1024


def finished(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits; what it returns."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("A coroutine of the blocking client waited for an event loop.")


class BlockingTransport:
    """One connection for each request, so that any number of threads can use it. `timeout`: as with aiohttp."""

    def __init__(self, address: Address, timeout: float) -> None:
        self._address, self._timeout = address, timeout
        self._base = urlsplit(address.url)
        self._open = WeakSet[socket.socket]()
        self._closed = threading.Event()

    async def send(self, request: Request) -> Response:
        """Send a request and read the response."""
        incoming = await self.open(request, self._timeout)
        try:
            return Response(incoming.status, incoming.headers, await incoming.rest())
        finally:
            await incoming.close()

    async def open(self, request: Request, silence: float | None) -> "_Incoming":
        """Send a request and read the head of the response. `silence`: seconds without a byte that end the connection."""
        if self._closed.is_set():
            raise LedgerClosed
        connection = self._connected()
        # The response takes the socket over, so the connection no longer names it.
        line: socket.socket = connection.sock
        self._open.add(line)
        try:
            return _Incoming(self._asked(connection, request, silence), self._lost)
        except BaseException:
            connection.close()
            raise
        finally:
            line.close()  # in fact only with the response, which still reads from it

    def _connected(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._base.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._base.hostname or "", self._base.port, timeout=self._timeout)
        try:
            connection.connect()
        except _LOST as error:
            raise self._lost(error, sent=False) from error
        return connection

    def _asked(
        self, connection: http.client.HTTPConnection, request: Request, silence: float | None
    ) -> http.client.HTTPResponse:
        headers = {**self._address.headers, **request.headers, "Connection": "close"}
        try:
            connection.sock.settimeout(silence)
            connection.request(request.method, self._base.path + request.target, request.body, headers)
            return connection.getresponse()
        except _LOST as error:
            raise self._lost(error, sent=True) from error

    def _lost(self, error: Exception, *, sent: bool) -> LedgerUnreachable | LedgerClosed:
        if self._closed.is_set():
            return LedgerClosed()
        return LedgerUnreachable(f"No answer from {self._address.url}: {_reason(error)}.", sent=sent)

    async def pause(self, seconds: float) -> None:
        """Wait, at most until the client is closed."""
        self._closed.wait(seconds)

    async def aside(self, work: Callable[[], T]) -> T:
        """Do the work here."""
        return work()

    async def close(self) -> None:
        """End all connections, also those that other threads are reading."""
        self._closed.set()
        for line in tuple(self._open):
            _shut(line)


class _Incoming:
    def __init__(
        self,
        response: http.client.HTTPResponse,
        lost: Callable[..., LedgerUnreachable | LedgerClosed],
    ) -> None:
        self._response, self._lost = response, lost
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.getheaders()}

    async def read(self) -> bytes:
        """The next piece; nothing at the end."""
        return self._read(lambda: self._response.read1(_PIECE))

    async def rest(self) -> bytes:
        """All that is left."""
        return self._read(self._response.read)

    def _read(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except (*_LOST, ValueError) as error:  # a ValueError where the connection was closed meanwhile
            raise self._lost(error, sent=True) from error

    async def close(self) -> None:
        """Give the connection up."""
        self._response.close()


def _shut(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended already


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it was silent for too long"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection ended before the whole answer was there"
    return str(error).rstrip(".") or type(error).__name__
