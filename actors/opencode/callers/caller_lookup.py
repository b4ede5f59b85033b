"""Finds who is at the other end of a connection to the service: one of our own agents, or another.

Concurrent requests share one look, in a thread. While no agent runs nothing is looked at.
"""

import asyncio
import sys
from collections.abc import Callable
from collections.abc import Sequence as Many
from contextvars import Context
from typing import Final, TypeAlias

import structlog

from ....domain.callers import ANOTHER, UNKNOWN, Caller
from ...clock import loop_seconds
from ..starting.presence import Presence
from . import holders_linux, holders_psutil
from .socket_table import Ends

log = structlog.get_logger()

Look: TypeAlias = Callable[[str, Many[str], Many[Ends]], list[Caller]]
"""Finds who is at the client's end of each connection; given the instance, and the names of its agents. Blocking."""


LONGEST_REST: Final = 0.1
"""The longest pause after a look, in seconds; else the pause is as long as the look."""


class Callers:
    """Finds who is at the other end of a connection. `instance` names the data directory whose agents are ours."""

    def __init__(self, instance: str, presence: Presence, look: Look | None = None) -> None:
        self._instance, self._presence = instance, presence
        self._look = look or (holders_linux.look if sys.platform.startswith("linux") else holders_psutil.look)
        self._waiting: list[tuple[Ends, asyncio.Future[Caller]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def of(self, ends: Ends) -> Caller:
        """The process at the client's end."""
        if not self._presence:
            return ANOTHER
        found: asyncio.Future[Caller] = asyncio.get_running_loop().create_future()
        self._waiting.append((ends, found))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_for_all(), name="who calls", context=Context())
        return await found

    async def close(self) -> None:
        """Return when no look is under way."""
        if self._looking is not None:
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look_for_all(self) -> None:
        """Look until nobody waits. A look that has begun is no use to later callers."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            began = loop_seconds()
            callers = await self._look_for([ends for ends, _ in waiting])
            for (_, found), caller in zip(waiting, callers, strict=True):
                if not found.done():  # who asked may have left
                    found.set_result(caller)
            # An agent that connects without end must not keep a processor busy with this.
            await asyncio.sleep(min(loop_seconds() - began, LONGEST_REST))
        self._looking = None

    async def _look_for(self, connections: Many[Ends]) -> list[Caller]:
        """Look, and once more for those not seen: a table that is read while it changes may leave one out."""
        callers = await self._look_once(connections)
        missed = [index for index, caller in enumerate(callers) if caller == UNKNOWN]
        if missed:
            found = await self._look_once([connections[index] for index in missed])
            for index, caller in zip(missed, found, strict=True):
                callers[index] = caller
        return callers

    async def _look_once(self, connections: Many[Ends]) -> list[Caller]:
        try:
            return await asyncio.to_thread(self._look, self._instance, tuple(self._presence), connections)
        except Exception:
            log.exception("it can't be seen who calls")
            return [UNKNOWN for _ in connections]
