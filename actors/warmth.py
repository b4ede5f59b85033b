"""The warmth of a codebase's agent: its process is kept for a while with nothing to do, unless others need the room."""

import asyncio
from collections.abc import Callable

from ..domain.ids import CodebaseId
from ..domain.ports import Clock
from .agent_slots import Rooms
from .pause import Spawn


class Warmth:
    """`limit`: seconds for which an idle process is kept. `retire` asks for its end."""

    def __init__(
        self, codebase: CodebaseId, rooms: Rooms, clock: Clock, spawn: Spawn, limit: float, retire: Callable[[], None]
    ) -> None:
        self._codebase, self._rooms, self._clock, self._spawn = codebase, rooms, clock, spawn
        self._limit, self._ask = limit, retire
        self._rest: asyncio.Task[None] | None = None
        self._retiring = False

    def rests(self) -> None:
        """The process has nothing to do."""
        if not self._retiring:
            self._rest = self._rest or self._spawn(self._retire_later())
            self._rooms.rests(self._codebase, self._retire)

    def ends(self) -> None:
        """The process is at work, or gone."""
        self._rooms.gone(self._codebase)
        self._retiring = False
        if self._rest:
            self._rest.cancel()
            self._rest = None

    async def _retire_later(self) -> None:
        await self._clock.sleep(self._limit)
        self._retire()

    def _retire(self) -> None:
        self._retiring = True  # a process on its way out doesn't rest, or it would be asked to go again and again
        self._ask()
