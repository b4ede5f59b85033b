"""How long the idle process of a codebase's agent is kept: until its limit, or until others need its slot."""

import asyncio
from collections.abc import Callable

from ...domain.ids import CodebaseId
from ...domain.ports import Clock
from ..background import Background
from .agent_slots import AgentSlots


class Warmth:
    """`limit`: seconds for which an idle process is kept. `retire` asks for the end of the process."""

    def __init__(
        self,
        codebase: CodebaseId,
        slots: AgentSlots,
        clock: Clock,
        background: Background,
        limit: float,
        retire: Callable[[], None],
    ) -> None:
        self._codebase, self._slots, self._clock, self._background = codebase, slots, clock, background
        self._limit, self._ask = limit, retire
        self._waiting: asyncio.Task[None] | None = None
        self._retiring = False

    def begins(self) -> None:
        """The process has nothing to do."""
        if not self._retiring:
            self._waiting = self._waiting or self._background.spawn(self._retire_later())
            self._slots.keep_warm(self._codebase, self._retire)

    def ends(self) -> None:
        """The process is at work, or gone."""
        self._slots.gone(self._codebase)
        self._retiring = False
        if self._waiting:
            self._waiting.cancel()
            self._waiting = None

    async def _retire_later(self) -> None:
        await self._clock.sleep(self._limit)
        self._retire()

    def _retire(self) -> None:
        self._retiring = True  # a process on its way out isn't idle, or it would be asked to retire again and again
        self._ask()
