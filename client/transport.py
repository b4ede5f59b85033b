"""How requests reach the service: the port that the client is written against.

There are two transports. One uses aiohttp on an event loop. The other blocks its thread; its coroutines never wait.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class Request(NamedTuple):
    """One request. `target`: the path with the query, below the address of the service."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Response(NamedTuple):
    """A whole response. `headers`: by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Incoming(Protocol):
    """A response whose body is read piece by piece."""

    @property
    def status(self) -> int:
        """As in HTTP."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by their names in lower case."""
        ...

    async def read(self) -> bytes:
        """The next piece; nothing at the end. Raises `LedgerUnreachable`, also after too long a silence.

        A call that was cancelled takes nothing from the body.
        """
        ...

    async def close(self) -> None:
        """Give the connection up."""
        ...


class Transport(Protocol):
    """Sends requests. Raises `LedgerUnreachable` where a request or its response is lost."""

    async def send(self, request: Request) -> Response:
        """Send a request and read the response."""
        ...

    async def open(self, request: Request, silence: float | None) -> Incoming:
        """Send a request and read the head of the response. `silence`: seconds without a byte that end the connection."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait."""
        ...

    async def aside(self, work: Callable[[], T]) -> T:
        """Do work that blocks, such as writing a file."""
        ...

    async def close(self) -> None:
        """Close all connections. What still reads gets `LedgerClosed`."""
        ...
