"""The transport on an event loop, with aiohttp."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import aiohttp

from .address import Address
from .errors import LedgerClosed, LedgerUnreachable
from .transport import Request, Response

T = TypeVar("T")

_NOT_CONNECTED: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_LOST: Final = (aiohttp.ClientError, OSError, TimeoutError)


class _Broken(Exception):
    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Hide a broken connection from aiohttp, which would send a GET or a DELETE once more by itself."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken(error) from error


class AiohttpTransport:
    """Keeps connections open for further requests. `timeout`: seconds without a byte after which a request is lost."""

    def __init__(self, address: Address, timeout: float) -> None:
        self._address, self._timeout = address, timeout
        # The number of event streams is the service's matter; a limit here would let one wait for another's end.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=address.headers,
            middlewares=(_once,),
        )
        self._closed = False

    async def send(self, request: Request) -> Response:
        """Send a request and read the response."""
        async with await self._ask(request, self._timeout) as response:
            try:
                return Response(response.status, _headers(response), await response.read())
            except _LOST as error:
                raise self._lost(error, sent=True) from error

    async def open(self, request: Request, silence: float | None) -> "_Incoming":
        """Send a request and read the head of the response. `silence`: seconds without a byte that end the connection."""
        return _Incoming(await self._ask(request, silence), self._lost)

    async def _ask(self, request: Request, silence: float | None) -> aiohttp.ClientResponse:
        if self._closed:
            raise LedgerClosed
        try:
            return await self._session.request(
                request.method,
                self._address.url + request.target,
                headers=request.headers,
                data=request.body,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._timeout, sock_read=silence),
                allow_redirects=False,  # a redirected command could become a GET, and the token go elsewhere
            )
        except _Broken as broken:
            raise self._lost(broken.reason, sent=not isinstance(broken.reason, _NOT_CONNECTED)) from broken.reason
        except _NOT_CONNECTED as error:
            raise self._lost(error, sent=False) from error
        except _LOST as error:
            raise self._lost(error, sent=True) from error

    def _lost(self, error: Exception, *, sent: bool) -> LedgerUnreachable | LedgerClosed:
        if self._closed:
            return LedgerClosed()
        return LedgerUnreachable(f"No answer from {self._address.url}: {_reason(error)}.", sent=sent)

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def aside(self, work: Callable[[], T]) -> T:
        """Do the work in a thread."""
        return await asyncio.to_thread(work)

    async def close(self) -> None:
        """Close all connections."""
        self._closed = True
        await self._session.close()


class _Incoming:
    def __init__(self, response: aiohttp.ClientResponse, lost: Callable[..., LedgerUnreachable | LedgerClosed]) -> None:
        self._response, self._lost = response, lost
        self.status, self.headers = response.status, _headers(response)

    async def read(self) -> bytes:
        """The next piece; nothing at the end."""
        try:
            return await self._response.content.readany()
        except _LOST as error:
            raise self._lost(error, sent=True) from error

    async def close(self) -> None:
        """Give the connection up."""
        self._response.close()


def _headers(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it was silent for too long"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the connection ended before the whole answer was there"
    return str(error).rstrip(".") or type(error).__name__
