"""SQLite without threads: each call of a connection is done between two callbacks of the loop, in its order."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeAlias
from unittest.mock import patch

import aiosqlite

from .loop import SimulatedLoop

Work: TypeAlias = tuple["asyncio.Future[Any] | None", Callable[[], Any]]


class Worker:
    """Stands for the thread of a connection and for the queue that leads to it."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._queue: deque[Work] = deque()
        self.gone = False

    def start(self) -> None:
        """There is nothing to start."""

    def put_nowait(self, work: Work) -> None:
        """Have it done after all that came before it."""
        self._queue.append(work)
        if len(self._queue) == 1 and not self.gone:
            self._loop.call_later(self._loop.delay(), self._next)

    def _next(self) -> None:
        if self.gone:
            return
        done, function = self._queue[0]
        self._loop.work(done, function)
        self._queue.popleft()
        if self._queue:
            self._loop.call_later(self._loop.delay(), self._next)


class ThreadlessConnection(aiosqlite.Connection):
    """A connection of aiosqlite over a `Worker`."""

    opened: list["ThreadlessConnection"]
    loop: SimulatedLoop

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        self._worker = Worker(self.loop)
        self._thread = self._tx = self._worker  # type: ignore[assignment]
        self.opened.append(self)

    def abandon(self) -> None:
        """Release the file, as the system does when a process ends: what was begun is rolled back."""
        self._worker.gone = True
        self._running = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def without_threads(loop: SimulatedLoop) -> Generator[Callable[[], None]]:
    """Connections that are made in the block need no threads. The yielded function releases all that are open."""
    opened: list[ThreadlessConnection] = []
    kind = type("ThreadlessConnection", (ThreadlessConnection,), {"loop": loop, "opened": opened})

    def abandon() -> None:
        for connection in opened:
            connection.abandon()
        opened.clear()

    with patch("aiosqlite.Connection", kind), patch("aiosqlite.core.Connection", kind):
        try:
            yield abandon
        finally:
            abandon()
