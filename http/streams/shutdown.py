"""The end of the service, in good order and within its time."""

import asyncio
from typing import Final

import structlog

from ...actors.supervisor import Supervisor
from ..web.refused_access import RefusedAccess
from .stream import EventStreams

log = structlog.get_logger()

FAREWELL_LIMIT: Final = 7.0
"""Seconds for the agents' good-byes; with the rest of the end it stays under the promised 10 s."""


class Farewell:
    """Interrupts and records what runs, then lets the subscribers go, who have seen the end. Happens once."""

    def __init__(
        self, supervisor: Supervisor, streams: EventStreams, refused: RefusedAccess, limit: float = FAREWELL_LIMIT
    ) -> None:
        self._supervisor, self._streams, self._refused, self._limit = supervisor, streams, refused, limit
        self._saying: asyncio.Task[None] | None = None

    async def say(self) -> None:
        """Return when the end has come; also for a second caller."""
        self._saying = self._saying or asyncio.create_task(self._say(), name="farewell")
        await asyncio.shield(self._saying)

    async def _say(self) -> None:
        closing = asyncio.create_task(self._close(), name="supervisor: close")
        await asyncio.wait({closing}, timeout=self._limit)
        if not closing.done():
            log.warning("agents did not end in time; their sessions are recovered at the next start")
        await self._streams.close()

    async def _close(self) -> None:
        await self._refused.close()
        await self._supervisor.close()
