"""The first start in a home goes alone: of several opencodes that create or upgrade one database, all but one fail."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class FirstStart:
    """Lets starts through one at a time until one has succeeded, then all at once. One for all agents of a home."""

    def __init__(self) -> None:
        self._made = False
        self._alone = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Start within this block."""
        if self._made:
            yield
            return
        async with self._alone:
            yield
            self._made = True
