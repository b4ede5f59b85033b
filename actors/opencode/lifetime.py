"""The life of an agent's process: started when first needed, one at a time, the next after the last one's end."""

import asyncio
from collections.abc import Awaitable, Callable

from .connection import Connection

DEATH_LIMIT = 0.2
"""Seconds to wait for the end of a process after it failed a request."""


class Lifetime:
    """Holds the one connection to a process. `start` starts a process and connects to it."""

    def __init__(self, start: Callable[[], Awaitable[Connection]]) -> None:
        self._start = start
        self._starting: asyncio.Task[Connection] | None = None
        self.connection: Connection | None = None

    @property
    def alive(self) -> bool:
        """Whether a process exists, or is being started."""
        return self._starting is not None or self.running is not None

    @property
    def running(self) -> Connection | None:
        """The connection to a process that runs."""
        return self.connection if self.connection is not None and self.connection.alive else None

    async def connected(self) -> Connection:
        """The connection to a running process. Starting goes on when the caller is cancelled."""
        if self.connection is not None:
            if self.connection.alive:
                return self.connection
            await self._mourned(self.connection)
        if self._starting is None:
            self._starting = asyncio.create_task(self._connect())
            self._starting.add_done_callback(self._started)
        return await asyncio.shield(self._starting)

    async def ended_under(self, connection: Connection) -> bool:
        """Whether a request failed because the process ended. Its death is reported then, and that is enough."""
        await asyncio.wait({connection.server.process.ended}, timeout=DEATH_LIMIT)
        if connection.alive or connection.expected_end or connection.mourned is None:
            return False
        await asyncio.wait({connection.mourned})
        return True

    def over(self, connection: Connection) -> None:
        """The process of this connection has ended."""
        if self.connection is connection:
            self.connection = None

    async def stop_starting(self) -> None:
        """Give up a process that is being started."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)

    async def close(self, connection: Connection, patience: float) -> None:
        """End this connection's process, gently for `patience` seconds."""
        await connection.close(patience)
        await self._mourned(connection)
        self.over(connection)

    async def _connect(self) -> Connection:
        self.connection = await self._start()
        return self.connection

    def _started(self, starting: asyncio.Task[Connection]) -> None:
        if self._starting is starting:
            self._starting = None
        if not starting.cancelled():
            starting.exception()  # nobody may be waiting for it any more

    async def _mourned(self, connection: Connection) -> None:
        if connection.mourned is not None:
            await asyncio.wait({connection.mourned})
