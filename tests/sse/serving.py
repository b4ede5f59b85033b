"""The streams behind a real socket, and nothing else of the service."""

import socket
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypedDict

from aiohttp import web

from opencode_ledger.actors.clock import SystemClock
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.domain.ports import Clock, EventStore
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.http.streams.stream import EventStreams
from opencode_ledger.http.web.errors import errors

from .spans import SpansOfLog

Address = tuple[str, int] | str
"""A host and port, or the path of a Unix socket."""

ANY_PORT: Address = ("127.0.0.1", 0)


class Tuning(TypedDict, total=False):
    """The knobs of `EventStreams`."""

    heartbeat: float
    stall: float
    page: int
    backlog: int


@dataclass
class Serving:
    """A server under test."""

    streams: EventStreams
    app: web.Application
    runner: web.AppRunner
    address: Address

    @property
    def port(self) -> int:
        """The port, of a server on one."""
        assert not isinstance(self.address, str)
        return self.address[1]

    def url(self, codebase: str = "cb_a") -> str:
        """Where a codebase's events are."""
        return f"http://127.0.0.1:{self.port}/{codebase}/events"


async def start(
    store: EventStore,
    address: Address = ANY_PORT,
    *,
    clock: Clock | None = None,
    send_buffer: int | None = None,
    cancelling: bool = True,
    tuning: Tuning | None = None,
    more: Iterable[web.RouteDef] = (),
) -> Serving:
    """Serve the store's streams, and `more`. `send_buffer`: the system's own buffer per connection, in bytes."""
    streams = EventStreams(store, SpansOfLog(store), clock or SystemClock(), **(tuning or {}))

    async def events(request: web.Request) -> web.StreamResponse:
        if send_buffer is not None and request.transport is not None:
            request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        return await streams.codebase_events(request, CodebaseId(request.match_info["codebase"]))

    async def everything(request: web.Request) -> web.StreamResponse:
        if send_buffer is not None and request.transport is not None:
            request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        return await streams.all_events(request)

    app = web.Application(middlewares=[errors(Secrets())])
    app.router.add_get("/events", everything, allow_head=False)
    app.add_routes(more)
    app.router.add_get("/{codebase}/events", events, allow_head=False)
    runner = web.AppRunner(app, handler_cancellation=cancelling, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    listening = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    listening.bind(address)
    await web.SockSite(runner, listening).start()
    return Serving(streams, app, runner, listening.getsockname())


async def stop(serving: Serving) -> None:
    """End as the service does: the streams first, then the server."""
    await serving.streams.close()
    await serving.runner.cleanup()


@asynccontextmanager
async def running(
    store: EventStore,
    *,
    clock: Clock | None = None,
    send_buffer: int | None = None,
    cancelling: bool = True,
    tuning: Tuning | None = None,
    more: Iterable[web.RouteDef] = (),
) -> AsyncGenerator[Serving]:
    """A server for the length of a block."""
    serving = await start(store, clock=clock, send_buffer=send_buffer, cancelling=cancelling, tuning=tuning, more=more)
    try:
        yield serving
    finally:
        await stop(serving)
