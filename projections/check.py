"""The check of the views: they are rebuilt beside those that serve, compared, and replaced where they differ."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

import structlog

from ..domain.errors import StoreError
from ..domain.ports import EventStore, Sleep
from .catch_up import Applier
from .file_names import REBUILT
from .rebuild import Rebuild

log = structlog.get_logger()

SETTLED: Final = 60.0
"""Seconds from a start to the first check of the views."""

DAY: Final = 86_400.0
"""Seconds from one check to the next."""


class Check:
    """Checks the views in the file at `path`. `replaced`: how often they were replaced since the start."""

    def __init__(self, path: Path, store: EventStore, serving: Applier, sleep: Sleep) -> None:
        self._path, self._store, self._serving, self._sleep = path, store, serving, sleep
        self.replaced = 0

    async def daily(self) -> None:
        """Check when a start has settled, and then once a day, until cancelled."""
        delay = SETTLED
        while True:
            await self._sleep(delay)
            delay = DAY
            try:
                await self.once()
            except StoreError as error:
                log.warning("the views were not checked", why=error.message)
            except Exception:  # whatever somebody wrote there: a check that ended for ever would find nothing any more
                log.exception("the views were not checked")

    async def once(self) -> str | None:
        """Rebuild the views beside those that serve, and replace these where they differ: the first difference, in words.

        Raises `StoreError` where that can't be done.
        """
        try:
            rebuilt = await Rebuild.begin(self._path.with_name(self._path.name + REBUILT), self._store)
            try:
                return await self._compare(rebuilt)
            finally:
                await rebuilt.discard()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"The views can't be compared with the log: {error}.") from error

    async def _compare(self, rebuilt: Rebuild) -> str | None:
        async with self._in_step(rebuilt):
            comparison = await asyncio.to_thread(rebuilt.compared, self._path)
        with closing(comparison):
            difference = await comparison.difference()
        if difference is not None:
            log.error("the views showed what the log does not say, and are replaced", difference=difference)
            await self._replace(rebuilt)
        return difference

    async def _replace(self, rebuilt: Rebuild) -> None:
        async with self._in_step(rebuilt):
            try:
                await rebuilt.replace(self._serving.database)
                await self._serving.recall(self._store.head)
            finally:
                self.replaced += 1

    @asynccontextmanager
    async def _in_step(self, rebuilt: Rebuild) -> AsyncGenerator[None]:
        """A time in which both show the same events, and neither goes on."""
        await rebuilt.follow(lambda: self._serving.applied, self._sleep)
        async with self._serving.turn:
            await rebuilt.reach_position(self._serving.applied)
            yield
