"""Turns for replays: however many readers catch up at once, they share a fixed part of each turn of the event loop.

Reading a page of the log and making its frames takes milliseconds, in which nobody else is answered. Without turns,
forty readers that catch up would do that forty times between two steps of any request.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

AT_ONCE: Final = 2
"""Pages under way at once: while one is read in the log's thread, the frames of another are made."""

CROWDED: Final = 4
"""Readers that wait from which on pages are small, so that each turn is short."""

SMALL_PAGE: Final = 128
"""Events of a small page."""


class ReplayTurns:
    """Hands out turns first come, first served."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    @asynccontextmanager
    async def turn(self, page: int) -> AsyncGenerator[int]:
        """Wait for a turn, and hold it for the length of the block. Gives the most events to read in it."""
        self._waiting += 1
        try:
            await self._turns.acquire()
        finally:
            self._waiting -= 1
        try:
            yield min(page, SMALL_PAGE) if self._waiting >= CROWDED else page
        finally:
            self._turns.release()

    async def paced(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """The same pieces, each made in a turn of its own."""
        while True:
            async with self.turn(0):
                piece = await anext(pieces, None)
            if piece is None:
                return
            yield piece
