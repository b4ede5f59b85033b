"""Connections: HTTP on the wire, bounded in size and time, with every refusal in the common form.

What a client sends slowly costs it its own connection and nobody else's: aiohttp serves each in a task of its own.
"""

import asyncio
import socket
import weakref
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from ..limits import MOST_CONNECTIONS
from .correlation import name_in_answer
from .errors import INTERNAL, MALFORMED, TOO_LONG, error_answer, refused
from .over_limit import RefusedConnections

BACKLOG: Final = 1024
"""Connections that may wait to be accepted."""

ACCEPTED_AT_ONCE: Final = 16
"""Connections that are accepted in one turn of the loop. Where the system has no more files to give, asyncio logs as
many lines as that, and looks again after a second."""

HEAD_LIMIT: Final = 75.0
"""Seconds for a request's head to be complete, and so also how long an idle connection is kept."""

LINGER_LIMIT: Final = 5.0
"""Seconds for which an unwanted body is still taken, so that its sender sees the answer and no broken connection."""

SHUTDOWN_LIMIT: Final = 1.0
"""Seconds that requests still under way at the end get to finish."""


class Connection(web.RequestHandler):
    """One client's connection."""

    def counted_in(self, connections: weakref.WeakSet["Connection"]) -> None:
        """Count this connection from now until it is lost."""
        self._counted_in = connections
        connections.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection is gone."""
        self._counted_in.discard(self)
        super().connection_lost(exc)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The response to bytes that are not a request; it ends the connection and echoes none of those bytes."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun")
        if isinstance(exc, LineTooLong):
            answer = error_answer(TOO_LONG)
        elif status < 500:
            answer = error_answer(MALFORMED)
        else:
            self.log_exception("connection failed", exc_info=exc)
            answer = error_answer(INTERNAL)
        name_in_answer(request, answer)
        answer.force_close()
        return answer

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; one that aiohttp made before any of our code was asked gets our shape."""
        answer = refused(resp, request.method) if isinstance(resp, web.HTTPException) else resp
        return await super().finish_response(request, answer, start_time)


@asynccontextmanager
async def accepting(
    app: web.Application, listening: socket.socket, *, limit: int = MOST_CONNECTIONS, head_limit: float = HEAD_LIMIT
) -> AsyncGenerator[None, None]:
    """Serve `app` on a bound socket for the length of the block, on `limit` connections at once; the others get a 503."""
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=SHUTDOWN_LIMIT)
    await runner.setup()
    loop, server = asyncio.get_running_loop(), runner.server
    assert server is not None  # set up just now

    connections, refused_ones = weakref.WeakSet[Connection](), RefusedConnections()

    def connection() -> asyncio.Protocol:
        if len(connections) >= limit:
            return refused_ones.refuse()
        made = Connection(
            server, loop=loop, keepalive_timeout=head_limit, lingering_time=LINGER_LIMIT, auto_decompress=False
        )
        made.counted_in(connections)
        return made

    try:
        acceptor = await loop.create_server(connection, sock=listening, backlog=ACCEPTED_AT_ONCE)
        listening.listen(BACKLOG)
        try:
            yield
        finally:
            acceptor.close()
            refused_ones.close()
    finally:
        await runner.cleanup()
