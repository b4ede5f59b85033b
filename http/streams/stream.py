"""The event streams over HTTP: first the recorded events, then live events, with no gap between.

A subscriber gets each event once and in order, whatever happens to its connection: it comes back with the last
id it has. A connection is in one of two states. Behind, it is fed from the log, a page at a time, as fast as its
reader takes it. Level, it follows the commits (see `fanout`) until it falls behind.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Final, TypeAlias

import structlog
from aiohttp import hdrs, web

from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Position
from ...domain.ports import Clock, EventStore
from ..access.tokens import Token
from ..web.conditions import why_over
from ..web.framing import framed
from ..web.principal import token_of
from .all_codebases import ALL, in_whole_log
from .cursor import (
    BadCursor,
    CursorAhead,
    SessionNotFound,
    SessionSpans,
    Start,
    start_of,
    start_of_all,
)
from .fanout import Fanout, LiveStream
from .fence import RENAMED, Fence
from .replay_turns import ReplayTurns
from .shared_frames import batch_of
from .sse import PREAMBLE, REVOKED
from .subscriber import Subscriber

__all__ = ["BadCursor", "CursorAhead", "EventStreams", "SessionNotFound", "SessionSpans"]

log = structlog.get_logger()

HEADERS: Final = {
    hdrs.CONTENT_TYPE: "text/event-stream",
    hdrs.CACHE_CONTROL: "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}

BEGINS_AFTER: Final = "X-Ledger-After"
"""The header with the id after which a stream begins: a reader that is cut off before its first event returns with it."""

WATCH_INTERVAL: Final = 1.0
"""Seconds between two looks at every connection."""

IN_TIME: Final = 1.5 * WATCH_INTERVAL
"""Seconds by which a heartbeat is sent before it is due: at the next look it would be too late."""


Drain: TypeAlias = Callable[[], Awaitable[None]]
"""Waits until a reader has taken most of what was sent."""

Feed: TypeAlias = Callable[[Subscriber, Drain], Awaitable[None]]
"""Sends a stream's events to a subscriber until it is over."""


class EventStreams:
    """All open streams of the service. `turns`: the turns of everything that reads much of the log.

    `heartbeat`: seconds of silence before which a comment is sent. `stall`: seconds after which a reader that takes
    nothing is cut off. `page`: events read from the log at once. `backlog`: bytes that may wait for a reader that
    follows live; one that is fed from the log gets the next page when a quarter of that is left to pass.
    """

    def __init__(
        self,
        store: EventStore,
        sessions: SessionSpans,
        clock: Clock,
        *,
        heartbeat: float = 15.0,
        stall: float = 30.0,
        page: int = 500,
        backlog: int = 256 * 1024,
    ) -> None:
        self._store, self._sessions, self._clock = store, sessions, clock
        self._heartbeat, self._stall, self._page, self._backlog = heartbeat, stall, page, backlog
        self._fanout, self.turns = Fanout(store, backlog), ReplayTurns()
        self._open: dict[Subscriber, web.Request] = {}
        self._revoked: frozenset[Token] = frozenset()
        self._watcher: asyncio.Task[None] | None = None
        self._all_gone = asyncio.Event()
        self._all_gone.set()
        self._closing = False

    @property
    def open(self) -> int:
        """How many streams are open."""
        return len(self._open)

    @property
    def recalls(self) -> int:
        """How often a live reader was too slow and was sent back to the log, so far."""
        return self._fanout.recalls

    @property
    def waiting(self) -> int:
        """How many bytes wait for readers, over all streams."""
        return sum(subscriber.backlog for subscriber in self._open)

    def fenced(self, fence: Fence) -> AbstractContextManager[None]:
        """See `Fanout.fenced`."""
        return self._fanout.fenced(fence)

    async def codebase_events(
        self, request: web.Request, codebase: CodebaseId, fence: Fence | None = None
    ) -> web.StreamResponse:
        """Answer one request for a codebase's events; returns when the stream has ended. `fence`: see `Fence`.

        Raises `BadCursor`, `CursorAhead` or `SessionNotFound`, all before the first byte.
        """
        start = await start_of(request, codebase, self._store, self._sessions)
        if start is None:
            return web.Response(status=204, headers={hdrs.CACHE_CONTROL: "no-store"})
        return await self.answer(request, start, partial(self._follow_log, codebase, fence))

    async def all_events(self, request: web.Request) -> web.StreamResponse:
        """As `codebase_events`, for the events of all codebases, numbered by their positions in the log.

        Raises `BadCursor`, `CursorAhead` or `InvalidInput`, all before the first byte.
        """
        return await self.answer(request, start_of_all(request, self._store.head), partial(self._follow_log, ALL, None))

    async def answer(self, request: web.Request, start: Start, feed: Feed) -> web.StreamResponse:
        """Answer one request with a stream; returns when the stream has ended. `feed` sends what belongs to it."""
        response = framed(request, web.StreamResponse(headers={**HEADERS, BEGINS_AFTER: str(start.after)}))
        try:
            await response.prepare(request)
        except ConnectionError:
            return response  # the reader left before the first byte, which is nobody's fault
        transport = request.transport
        if transport is not None:
            _give_up_unanswered(transport, self._stall)
            transport.set_write_buffer_limits(high=self._backlog // 4)
            subscriber = self._subscriber(transport, response, start)
            await self._serve(subscriber, feed, request)
        return response

    async def close(self) -> None:
        """End all streams at once and stop following commits. Returns when the last stream has ended."""
        self._closing = True
        for subscriber in self._open:
            subscriber.end_now()
        await self._all_gone.wait()
        self._fanout.close()
        if self._watcher is not None:
            self._watcher.cancel()

    def revoke(self, revoked: frozenset[Token], valid: frozenset[Token]) -> None:
        """End the streams of tokens that are no longer valid, with a comment that says so."""
        self._revoked = (self._revoked | revoked) - valid
        self.check()

    def check(self) -> None:
        """End the streams that their readers may not have any more, with a comment that says why."""
        for subscriber, request in self._open.items():
            if not subscriber.over and (why := self._why_over(request)):
                subscriber.send(why)
                subscriber.end_now()

    def _why_over(self, request: web.Request) -> bytes | None:
        return REVOKED if token_of(request) in self._revoked else why_over(request)

    def _subscriber(self, transport: asyncio.Transport, response: web.StreamResponse, start: Start) -> Subscriber:
        return Subscriber(
            transport,
            chunked=hdrs.TRANSFER_ENCODING in response.headers,
            position=start.after,
            session=start.session,
            upto=start.upto,
            monotonic=self._clock.monotonic,
        )

    async def _serve(self, subscriber: Subscriber, feed: Feed, request: web.Request) -> None:
        subscriber.send(PREAMBLE)
        try:
            with self._registered(subscriber, request):
                await feed(subscriber, request.writer.drain)
        except ConnectionError:
            subscriber.finish()
        except Exception:
            # The response has begun: only a broken connection makes the reader come back for the rest.
            log.exception("a stream broke", position=subscriber.position)
            subscriber.cut()

    async def _follow_log(
        self, codebase: CodebaseId, fence: Fence | None, subscriber: Subscriber, drain: Drain
    ) -> None:
        subscriber.fence = fence
        with self._fanout.attached(codebase) as live:
            await self._feed(subscriber, codebase, live, drain)

    async def _feed(self, subscriber: Subscriber, codebase: CodebaseId, live: LiveStream, drain: Drain) -> None:
        """Send pages of the log until the reader is level, then commits until it falls behind; and again."""
        while not subscriber.over:
            async with self.turns.turn(self._page) as limit:
                page = await self._read(codebase, subscriber, limit)
                if page and not subscriber.over:
                    subscriber.take(batch_of(page, subscriber.session, to_a_place=subscriber.upto is not None))
            await drain()
            fence = subscriber.fence
            if not page and fence is not None and fence.upto is not None:
                subscriber.send(RENAMED)
                subscriber.finish()
            elif not page:
                await live.follow(subscriber)
                await drain()

    async def _read(self, codebase: CodebaseId, subscriber: Subscriber, limit: int) -> list[RecordedEvent]:
        if codebase == ALL:
            return [in_whole_log(e) for e in await self._store.read_all(Position(subscriber.position), limit)]
        if (fence := subscriber.fence) is None:
            return await self._store.read_stream(codebase, subscriber.position, limit, upto=subscriber.upto)
        upto = fence.bounded(subscriber.upto)
        page = await self._store.read_stream(codebase, subscriber.position, limit, upto=upto)
        fence.hear(page)  # the log may show a commit before it is announced
        return [event for event in page if not fence.is_before(event.sequence)]

    @contextmanager
    def _registered(self, subscriber: Subscriber, request: web.Request) -> Generator[None, None, None]:
        self._open[subscriber] = request
        self._all_gone.clear()
        if self._closing or self._why_over(request):
            subscriber.finish()
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch(), name="event streams: watch")
        try:
            yield
        finally:
            del self._open[subscriber]
            if not self._open:
                self._all_gone.set()

    async def _watch(self) -> None:
        """Look after every connection, as long as there are any."""
        while self._open:
            await self._clock.sleep(WATCH_INTERVAL)
            self.check()
            now = self._clock.monotonic()
            for subscriber in self._open:
                subscriber.watch(now, heartbeat=self._heartbeat - IN_TIME, stall=self._stall)
        self._watcher = None


def _give_up_unanswered(transport: asyncio.Transport, seconds: float) -> None:
    """Have the system drop a peer that acknowledges nothing, where it can: it may have vanished without a word."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT") and connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))
