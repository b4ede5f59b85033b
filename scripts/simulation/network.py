"""A network in memory: connections to aiohttp's own server, whose transports hold what is sent until it is taken."""

import asyncio
from itertools import count
from typing import Any

from aiohttp import web

from opencode_ledger.http.streams.cursor import Start
from opencode_ledger.http.streams.stream import EventStreams
from opencode_ledger.http.streams.subscriber import Subscriber

from .loop import SimulatedLoop


class NumberedSubscriber(Subscriber):
    """A subscriber that a set keeps in an order that is the same in every process."""

    __slots__ = ("number",)

    def __init__(self, *args: Any, number: int, **kwargs: Any) -> None:
        self.number = number
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self.number


class NumberedStreams(EventStreams):
    """The event streams, with such subscribers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._numbers = count(1)

    def _subscriber(self, transport: asyncio.Transport, response: web.StreamResponse, start: Start) -> Subscriber:
        return NumberedSubscriber(
            transport,
            number=next(self._numbers),
            chunked=True,
            position=start.after,
            session=start.session,
            upto=start.upto,
            monotonic=self._clock.monotonic,
        )


class Connection(asyncio.Transport):
    """One connection: a transport for the server, and for the reader the other end of it.

    `ended`: the server has closed it, and all that was sent was taken.
    """

    def __init__(self, loop: SimulatedLoop, server: web.Server, request: bytes) -> None:
        super().__init__()
        self._loop = loop
        self._sent = bytearray()
        self._high, self._paused = 64 * 1024, False
        self._closing = self._lost = False
        self._protocol = server()
        self._protocol.connection_made(self)
        loop.call_soon(self._arrive, request)

    # --- the reader's end ---------------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._closing and not self._sent

    def take(self, size: int) -> bytes:
        """At most `size` bytes of what was sent."""
        taken = bytes(self._sent[:size])
        del self._sent[:size]
        if self._paused and len(self._sent) <= self._low and not self._lost:
            self._paused = False
            self._protocol.resume_writing()
        if self._closing and not self._sent:
            self._lose(None)
        return taken

    def leave(self) -> None:
        """The reader hangs up."""
        self._sent.clear()
        self._closing = True
        self._lose(ConnectionResetError())

    # --- the server's end ---------------------------------------------------------------------------------------

    @property
    def _low(self) -> int:
        return self._high // 4

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        """See `asyncio.Transport`."""
        if self._closing:
            return
        self._sent += data
        if len(self._sent) > self._high and not self._paused:
            self._paused = True
            self._protocol.pause_writing()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """See `asyncio.Transport`."""
        self._high = high or self._high

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """See `asyncio.Transport`."""
        return self._low, self._high

    def get_write_buffer_size(self) -> int:
        """See `asyncio.Transport`."""
        return len(self._sent)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See `asyncio.Transport`: there is no socket to ask."""
        return default

    def is_closing(self) -> bool:
        """See `asyncio.Transport`."""
        return self._closing

    def pause_reading(self) -> None:
        """See `asyncio.Transport`: readers have nothing more to say."""

    def resume_reading(self) -> None:
        """See `asyncio.Transport`."""

    def close(self) -> None:
        """See `asyncio.Transport`: what was sent is still taken."""
        self._closing = True
        if not self._sent:
            self._lose(None)

    def abort(self) -> None:
        """See `asyncio.Transport`: what was sent is lost."""
        self._sent.clear()
        self.close()

    def _arrive(self, request: bytes) -> None:
        if not self._closing:
            self._protocol.data_received(request)

    def _lose(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self._loop.call_soon(self._protocol.connection_lost, error)
