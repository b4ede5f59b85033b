"""Bringing into the log what others did in a codebase's directory: read outside of the actor's loop, some at a time.

What was read goes to the actor's mailbox like any other command, so everybody else's turn comes in between. Whoever
asks gets all that was there when they asked: one who comes during a sync is served by a further one, together with
all who came meanwhile. A sync goes on when its caller has left.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ..domain.codebase.commands import ImportSession
from ..domain.codebase.imported import OutsideSession
from ..domain.codebase.imports import worth_reading
from ..domain.codebase.state import State
from ..domain.errors import ActorStopped, AgentError, AgentUnavailable
from ..domain.ids import CodebaseId
from ..domain.ports import Histories, History

log = structlog.get_logger()

Ask = Callable[[ImportSession], Awaitable[int]]
"""Has the actor record it; the answer is how many events that took."""


class Importer:
    """The syncs of one codebase, one at a time. `state`: the actor's, as it is when it is asked for."""

    def __init__(self, codebase: CodebaseId, histories: Histories, state: Callable[[], State]) -> None:
        self._codebase, self._histories, self._state = codebase, histories, state
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Task[int]] = set()
        self._next: asyncio.Task[int] | None = None

    async def sync(self, directory: str, ask: Ask) -> int:
        """Record what is new; how many sessions brought something. Raises `LedgerError`.

        Of those who are served together the first one's `ask` is used.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._sync(directory, ask))
            self._running.add(self._next)
            self._next.add_done_callback(self._done)
        syncing = self._next
        try:
            return await asyncio.shield(syncing)
        except asyncio.CancelledError:
            if syncing.cancelled():
                raise ActorStopped from None
            raise

    async def close(self) -> None:
        """End what is under way; on return no process of it is left."""
        for syncing in list(self._running):
            syncing.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _sync(self, directory: str, ask: Ask) -> int:
        async with self._turn:
            self._next = None  # from here on something may have been passed already: who comes now waits for another
            async with self._histories(self._codebase, directory) as history:
                return await self._import(history, ask)

    async def _import(self, history: History, ask: Ask) -> int:
        brought, failed = 0, 0
        for session in await history.sessions():
            try:
                brought += worth_reading(self._state(), session) and await self._import_session(history, session, ask)
            except AgentError as error:
                # One that can't be read must not keep all others away for ever.
                log.warning("a session could not be read", session=session.agent_session_id, error=error.message)
                failed += 1
        if failed:
            raise AgentUnavailable(f"{failed} of opencode's sessions could not be read; {brought} were synced.")
        return brought

    async def _import_session(self, history: History, session: OutsideSession, ask: Ask) -> bool:
        recorded = 0
        async for command in history.read(session):
            recorded += await ask(command)
        return recorded > 0

    def _done(self, syncing: asyncio.Task[int]) -> None:
        self._running.discard(syncing)
        if self._next is syncing:
            self._next = None
        if not syncing.cancelled():
            syncing.exception()  # whoever asked may have left
