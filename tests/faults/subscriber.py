"""A subscriber as a browser is one: when the connection ends it comes back with the last id that it saw."""

import asyncio
from typing import Self

import aiohttp
from scripts.demo_session.client import Frame
from tests.support.waiting import LIMIT

from .service import Codebase


class Subscriber:
    """Follows a codebase from its first event until the block is left."""

    def __init__(self, codebase: Codebase) -> None:
        self.frames: list[Frame] = []
        self.connections = 0
        self._codebase = codebase
        self._news = asyncio.Condition()
        self._following = asyncio.create_task(self._follow())

    async def reached(self, sequence: int) -> None:
        """Wait until it has seen an event with this number or a later one."""
        async with asyncio.timeout(LIMIT), self._news:
            await self._news.wait_for(lambda: self._last >= sequence)

    @property
    def _last(self) -> int:
        return self.frames[-1].id if self.frames else 0

    async def _follow(self) -> None:
        while True:
            self.connections += 1
            try:
                async for frame in self._codebase.events(self._last):
                    async with self._news:
                        self.frames.append(frame)
                        self._news.notify_all()
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._following.cancel()
        await asyncio.gather(self._following, return_exceptions=True)
