"""A subscriber as a browser is one: after each break it comes back with the last id that it saw."""

import asyncio
from contextlib import suppress

import aiohttp
from scripts.demo_session.client import frames_of

from .ledger import Line
from .server import Server

NO_LIMIT = aiohttp.ClientTimeout(total=None)


class Follower:
    """Follows a codebase from its first event on; `seen` is its record."""

    def __init__(self, server: Server, codebase: str) -> None:
        self.codebase = codebase
        self.seen: list[Line] = []
        self.connections = 0
        self._server = server
        self._news = asyncio.Condition()

    async def follow(self) -> None:
        """Follow until cancelled."""
        async with aiohttp.ClientSession(timeout=NO_LIMIT) as http:
            while True:
                with suppress(aiohttp.ClientError, OSError):
                    await self._follow_once(http)
                await asyncio.sleep(0.05)

    async def reached(self, sequence: int) -> None:
        """Wait until it has seen the event with this number."""
        async with self._news:
            await self._news.wait_for(lambda: bool(self.seen) and self.seen[-1].sequence >= sequence)

    async def _follow_once(self, http: aiohttp.ClientSession) -> None:
        last = self.seen[-1].sequence if self.seen else 0
        url = f"{self._server.url}/v1/opencode/codebases/{self.codebase}/events"
        async with http.get(url, headers={"Last-Event-ID": str(last)}) as response:
            response.raise_for_status()
            self.connections += 1
            async for frame in frames_of(response.content.iter_any()):
                async with self._news:
                    self.seen.append(Line(frame.id, frame.event, frame.raw))
                    self._news.notify_all()
