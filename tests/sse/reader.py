"""A subscriber on a bare socket. It reads exactly the number of bytes that a test asks for, and can leave after any."""

import asyncio
import codecs
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Self

import h11
from httpx_sse._decoders import SSEDecoder, SSELineDecoder

from .serving import Address

DEADLINE = 30.0
"""Seconds after which a test gives up waiting."""

Seen = tuple[int, str, str]


class Reader:
    """One connection. Others' code understands the bytes: h11 the response, httpx-sse the events."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._http = h11.Connection(h11.CLIENT)
        self._text = codecs.getincrementaldecoder("utf-8")()
        self._lines, self._events = SSELineDecoder(), SSEDecoder()
        self.status = 0
        self.version = b""
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.events: list[Seen] = []
        self.ended = False
        """The response came to its proper end."""
        self.broken = False
        """The connection ended before that."""
        self.closed = False
        """The server closed the connection."""

    @classmethod
    async def connect(
        cls,
        address: Address | int,
        path: str = "/cb_a/events",
        *,
        cursor: int | str | None = None,
        receive_buffer: int | None = None,
        version: str = "1.1",
        headers: tuple[str, ...] = (),
    ) -> "Reader":
        """Ask for events, at an address or a port. `receive_buffer`: the system's own buffer on this side, in bytes."""
        place = ("127.0.0.1", address) if isinstance(address, int) else address
        connection = socket.socket(socket.AF_UNIX if isinstance(place, str) else socket.AF_INET)
        connection.setblocking(False)
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        await asyncio.get_running_loop().sock_connect(connection, place)
        reader = cls(connection)
        own = () if cursor is None else (f"Last-Event-ID: {cursor}",)
        await reader._ask(path, version, (*headers, *own))
        return reader

    async def again(self, path: str) -> None:
        """Ask for another stream on the same connection, after the end of the one before."""
        self._http.start_next_cycle()
        self._lines, self._events, self.ended = SSELineDecoder(), SSEDecoder(), False
        await self._ask(path, "1.1", ())

    async def _ask(self, path: str, version: str, headers: tuple[str, ...]) -> None:
        head = [f"GET {path} HTTP/{version}", "Host: 127.0.0.1", *headers, "", ""]
        await asyncio.get_running_loop().sock_sendall(self._socket, "\r\n".join(head).encode())
        # h11 only needs to know what kind of answer to expect.
        self._http.send(h11.Request(method="GET", target="/", headers=[("Host", "127.0.0.1")]))
        self._http.send(h11.EndOfMessage())

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self.ended or self.broken

    @property
    def comments(self) -> int:
        """How many comments came."""
        return self.body.count(b"\n:") + self.body.startswith(b":")

    async def read(self, size: int = 65536, within: float = DEADLINE) -> bool:
        """Take what has come, at most `size` bytes; wait up to `within` seconds for the first. False for nothing."""
        loop = asyncio.get_running_loop()
        try:
            data = await asyncio.wait_for(loop.sock_recv(self._socket, size), within)
        except TimeoutError:
            return False
        except ConnectionError:
            self.broken = True
            return False
        self.closed = not data
        self._http.receive_data(data)
        self._understand()
        return True

    async def until(self, condition: Callable[["Reader"], object]) -> "Reader":
        """Read until the condition holds, or the stream ends."""
        while not condition(self) and not self.done:
            if not await self.read():
                assert self.broken, f"waited in vain; so far {self.status} {self.events[-3:]}"
        return self

    async def connection_end(self) -> None:
        """Wait until the server closes the connection after the response."""
        while not self.closed:
            assert await self.read(), "the server keeps the connection"

    async def answer(self) -> "Reader":
        """Read to the end of the response."""
        return await self.until(lambda reader: reader.ended)

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def _understand(self) -> None:
        try:
            while True:
                event = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                if isinstance(event, h11.Response):
                    self.status, self.version = event.status_code, event.http_version
                    self.headers = {name.decode(): value.decode() for name, value in event.headers}
                elif isinstance(event, h11.Data):
                    self._take(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    self.ended = True
                    return
                elif isinstance(event, h11.ConnectionClosed):
                    self.broken = True
                    return
        except h11.RemoteProtocolError as error:
            # The peer closed in mid-message: legitimate here; a malformed message isn't.
            assert "without sending complete message body" in str(error), error
            self.broken = True

    def _take(self, data: bytes) -> None:
        self.body += data
        if self.status != 200:
            return
        for line in self._lines.decode(self._text.decode(data)) if data else ():
            event = self._events.decode(line)
            if event is not None:
                self.events.append((int(event.id), event.event, event.data))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
