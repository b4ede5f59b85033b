"""The shutdown of the service, in good order and in time."""

import asyncio
from typing import Final

import structlog

from ...actors.supervisor import Supervisor
from ..web.refused_access import RefusedAccess
from .stream import EventStreams

log = structlog.get_logger()

AGENTS_LIMIT: Final = 7.0
"""Seconds for the agents to end. With the rest of the shutdown, this stays under the promised 10 s."""


class Shutdown:
    """Interrupts and records what runs, then ends the event streams, so that their readers see the end. Runs once."""

    def __init__(
        self, supervisor: Supervisor, streams: EventStreams, refused: RefusedAccess, limit: float = AGENTS_LIMIT
    ) -> None:
        self._supervisor, self._streams, self._refused, self._limit = supervisor, streams, refused, limit
        self._running: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Shut down. A second caller waits for the same shutdown."""
        self._running = self._running or asyncio.create_task(self._run(), name="shutdown")
        await asyncio.shield(self._running)

    async def _run(self) -> None:
        closing = asyncio.create_task(self._close(), name="supervisor: close")
        await asyncio.wait({closing}, timeout=self._limit)
        if not closing.done():
            log.warning("agents did not end in time; their sessions are recovered at the next start")
        await self._streams.close()

    async def _close(self) -> None:
        await self._refused.close()
        await self._supervisor.close()
