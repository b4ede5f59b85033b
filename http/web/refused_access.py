"""Records the refused requests of the service's own agents: the first at once, then at most one event per minute.

So an agent that never stops asking doesn't fill the log, and all of its requests are counted.
"""

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from dataclasses import dataclass, field
from typing import Final

import structlog

from ...actors.supervisor import Supervisor
from ...domain.callers import OwnAgent
from ...domain.codebase.commands import NoteRefusedAccess
from ...domain.codebase.requests import Request
from ...domain.errors import LedgerError
from ...domain.ids import CodebaseId
from ...domain.ports import Clock

log = structlog.get_logger()

PAUSE: Final = 60.0
"""Seconds between two events of one codebase."""

MOST_CALLS: Final = 10
"""The most different calls that an event names. All calls are counted."""

LONGEST_CALL: Final = 500
"""The most characters of a call."""


@dataclass
class _Counted:
    program: str = ""
    times: int = 0
    calls: dict[str, None] = field(default_factory=dict[str, None])

    def add(self, call: str, program: str) -> None:
        self.program = self.program or program
        self.times += 1
        if len(self.calls) < MOST_CALLS:
            self.calls[call] = None


class RefusedAccess:
    """Records refused requests of agents."""

    def __init__(self, supervisor: Supervisor, clock: Clock) -> None:
        self._supervisor, self._clock = supervisor, clock
        self._counted: dict[CodebaseId, _Counted] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def note(self, agent: OwnAgent, call: str, correlation_id: str) -> None:
        """Count a refused request. Returns when it is recorded or counted. Never raises."""
        call = call if len(call) <= LONGEST_CALL else call[: LONGEST_CALL - 1] + "…"
        if agent.codebase is None:
            log.warning("refused a request from a process of opencode", call=call)
            return
        counted = self._counted.get(agent.codebase)
        if counted is not None:
            counted.add(call, agent.program)
            return
        self._counted[agent.codebase] = _Counted()
        first = _Counted()
        first.add(call, agent.program)
        # In separate tasks, because the caller may disconnect at any time.
        self._spawn(self._go_on(agent.codebase))
        request = Request(correlation_id=correlation_id, respond=lambda _: {})
        await asyncio.shield(self._spawn(self._record(agent.codebase, first, request)))

    async def close(self) -> None:
        """Record the requests that were only counted so far."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        rest, self._counted = self._counted, {}
        await asyncio.gather(*(self._record(codebase, counted) for codebase, counted in rest.items()))

    async def _go_on(self, codebase: CodebaseId) -> None:
        while True:
            await self._clock.sleep(PAUSE)
            counted = self._counted.pop(codebase)
            if not counted.times:
                return
            self._counted[codebase] = _Counted()
            await self._record(codebase, counted)

    async def _record(self, codebase: CodebaseId, counted: _Counted, request: Request | None = None) -> None:
        if not counted.times:
            return
        refused = NoteRefusedAccess(calls=tuple(counted.calls), times=counted.times, program=counted.program)
        try:
            await self._supervisor.ask(codebase, refused, request)
        except LedgerError as error:
            log.warning(
                "refused requests of an agent, which could not be recorded",
                codebase=codebase,
                times=refused.times,
                reason=error.message,
            )

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
