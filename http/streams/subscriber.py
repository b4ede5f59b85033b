"""One connection of an event stream, as its writers see it."""

import asyncio
from collections.abc import Callable

from ...domain.ids import Sequence, SessionId
from .fence import Fence
from .shared_frames import Batch, as_chunk
from .sse import HEARTBEAT


class Subscriber:
    """A reader's position in a stream, and the transport to it.

    `position`: it was sent all of its events up to this sequence. `session`: the only session it wants, or None.
    `upto`: the stream ends there, or None. `fence`: it may also end where the codebase leaves the reader's limit.
    `over`: nothing more will be sent.
    """

    __slots__ = (
        "_chunked",
        "_delivered",
        "_monotonic",
        "_moved_at",
        "_recalled",
        "_silent_since",
        "_transport",
        "_written",
        "fence",
        "over",
        "position",
        "session",
        "upto",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        *,
        chunked: bool,
        position: Sequence,
        session: SessionId | None,
        upto: Sequence | None,
        monotonic: Callable[[], float],
    ) -> None:
        self.position, self.session, self.upto = position, session, upto
        self.over = upto is not None and position >= upto
        self.fence: Fence | None = None
        self._transport, self._chunked = transport, chunked
        self._recalled = asyncio.Event()
        self._monotonic = monotonic
        self._written = self._delivered = 0
        self._silent_since = self._moved_at = monotonic()

    @property
    def backlog(self) -> int:
        """Bytes that the reader has not taken yet."""
        return self._transport.get_write_buffer_size()

    def may_have(self, batch: Batch) -> bool:
        """Whether all of a batch is within what the reader may read."""
        return self.fence is None or not self.fence.is_before(batch.last)

    def take(self, batch: Batch) -> None:
        """Send a batch that begins where this reader is."""
        self._write(batch.chunk if self._chunked else batch.body)
        self.position = batch.last
        if batch.final or (self.upto is not None and self.position >= self.upto):
            self.finish()

    def send(self, body: bytes) -> None:
        """Send what isn't an event."""
        self._write(as_chunk(body) if self._chunked else body)

    def _write(self, data: bytes) -> None:
        if self._transport.is_closing():
            self.finish()
        elif data:
            self._transport.write(data)
            self._written += len(data)
            self._silent_since = self._monotonic()

    def watch(self, now: float, *, heartbeat: float, stall: float) -> None:
        """Send a heartbeat after `heartbeat` seconds of silence, and cut a reader that took nothing for `stall` seconds."""
        backlog = self.backlog
        if self._transport.is_closing():
            self.finish()
        elif self._is_stuck(backlog, now, stall):
            self.cut()
        elif not backlog and now - self._silent_since >= heartbeat:
            self.send(HEARTBEAT)

    def _is_stuck(self, backlog: int, now: float, stall: float) -> bool:
        delivered = self._written - backlog
        if not backlog or delivered != self._delivered:
            self._delivered, self._moved_at = delivered, now
        return now - self._moved_at >= stall

    async def recalled(self) -> None:
        """Wait until this reader must leave the live set."""
        self._recalled.clear()
        if not self.over:
            await self._recalled.wait()

    def recall(self) -> None:
        """Take the reader out of the live set, to be fed from the log."""
        self._recalled.set()

    def finish(self) -> None:
        """End the stream after what was sent so far."""
        self.over = True
        self.recall()

    def cut(self) -> None:
        """Cut the connection. The reader returns for the missing events."""
        self._transport.abort()
        self.finish()

    def end_now(self) -> None:
        """End the stream at once: cleanly, or by a cut if the reader is so far behind that the end would have to wait."""
        low, _ = self._transport.get_write_buffer_limits()
        if self.backlog > low:
            self.cut()
        else:
            self.finish()
