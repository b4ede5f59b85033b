"""Follows opencode's event stream: reads it, reconnects when it breaks, gives up when it stays broken."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ...domain.errors import AgentError
from ...domain.untrusted_json import fields
from ..clock import loop_seconds
from .client import UNREACHABLE
from .server import OpencodeServer
from .sse import TOO_LONG, EventParser

log = structlog.get_logger()

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


class EventStream:
    """Reads one server's events, and hands each to `take`.

    `room` may hold the reader back. `again` runs after an interruption or a too long event, before anything more is
    read. It finds out what was missed.
    """

    def __init__(
        self,
        server: OpencodeServer,
        take: Callable[[object], None],
        room: Callable[[], Awaitable[None]],
        again: Callable[[], Awaitable[None]],
    ) -> None:
        self.connected = asyncio.Event()
        self._server, self._take, self._room, self._again = server, take, room, again
        self._broken_since: float | None = None

    async def follow(self) -> None:
        """Read until the process ends. Raises `AgentError` when the stream can't be reopened."""
        pause = _FIRST_PAUSE
        while self._server.alive:
            try:
                await self._read()
                reason = "it ended"
            except AgentError as error:
                reason = error.message
            if self._broken_since is None:
                self._broken_since, pause = loop_seconds(), _FIRST_PAUSE
            await asyncio.wait({self._server.process.ended}, timeout=pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            if self._server.alive:
                log.warning("opencode's event stream broke", reason=reason)
                if loop_seconds() - self._broken_since > self._server.settings.reconnect_limit:
                    raise AgentError(f"opencode's event stream stayed broken: {reason}", code=UNREACHABLE)

    async def _read(self) -> None:
        parser = EventParser(self._server.settings.line_limit)
        async with self._server.client.events(self._server.settings.heartbeat_limit) as chunks:
            async for chunk in chunks:
                for event in parser.feed(chunk):
                    if fields(event).get("type") == "server.connected":
                        await self._begun()
                    if event is TOO_LONG:
                        log.warning(
                            "an event of opencode was too long and not read; opencode is asked for what it said"
                        )
                        await self._again()
                    else:
                        self._take(event)
                await self._room()

    async def _begun(self) -> None:
        if self._broken_since is not None:
            await self._again()
            self._broken_since = None
        self.connected.set()
