"""Brings into the log what others did in a codebase's directory. Reads outside the actor's loop, in pieces.

- Each piece goes to the actor's mailbox like any other command, so other commands get their turn in between.
- A caller gets all that was there at the time of the call. Callers who come during a sync share the next one.
- A sync goes on after its caller has left.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import structlog

from ..domain.codebase.commands import ImportSession
from ..domain.codebase.imported import INCOMPLETE, UNREADABLE, ExternalSession, Synced
from ..domain.codebase.imports import news_of, worth_reading
from ..domain.codebase.state import State
from ..domain.errors import AGENT_UNREACHABLE, ActorStopped, AgentError, AgentUnavailable
from ..domain.ids import CodebaseId
from ..domain.ports import Histories, History
from .imported_outputs import ExternalOutputs
from .whole_outputs import OutputKeeper

log = structlog.get_logger()

AT_ONCE = 100
"""Sessions that are looked at before other tasks get their turn."""

Ask = Callable[[ImportSession], Awaitable[int]]
"""Has the actor record a command. Returns the number of recorded events."""


class Importer:
    """The syncs of one codebase, one at a time. `state`: returns the actor's current state.

    `keeper`: keeps outputs of which a message has only a part. None keeps no outputs.
    """

    def __init__(
        self, codebase: CodebaseId, histories: Histories, state: Callable[[], State], keeper: OutputKeeper | None = None
    ) -> None:
        self._codebase, self._histories, self._state, self._keeper = codebase, histories, state, keeper
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Task[Synced]] = set()
        self._next: asyncio.Task[Synced] | None = None

    async def sync(self, directory: str, ask: Ask) -> Synced:
        """Record what is new. Returns how many sessions brought something, and which could not. Raises `LedgerError`.

        Callers who share a sync use the first one's `ask`.
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
        """Cancel the running syncs; on return no process of theirs is left."""
        for syncing in list(self._running):
            syncing.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _sync(self, directory: str, ask: Ask) -> Synced:
        async with self._turn:
            self._next = None  # from here on sessions may have been passed already: later callers need the next sync
            try:
                async with self._histories(self._codebase, directory) as history:
                    return await self._import(history, ask)
            except AgentUnavailable:
                raise
            except AgentError as error:  # its code says what opencode did, and not what the caller can do
                raise AgentUnavailable(error.message) from error

    async def _import(self, history: History, ask: Ask) -> Synced:
        brought, failed, passed_over = 0, 0, Counter[str]()
        outputs = ExternalOutputs(self._codebase, self._keeper) if self._keeper else None
        for number, session in enumerate(await history.sessions()):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)  # most sessions bring nothing, and there may be very many
            try:
                if worth_reading(self._state(), session):
                    recorded, whole = await self._import_session(history, session, ask, outputs)
                    brought += recorded
                    passed_over[INCOMPLETE] += not whole
            except AgentError as error:
                # A session that can't be read must not keep out all the others.
                log.warning("a session could not be read", session=session.agent_session_id, error=error.message)
                unavailable = error.code == AGENT_UNREACHABLE
                failed += unavailable
                passed_over[UNREADABLE] += not unavailable
        if failed:
            raise AgentUnavailable(f"{failed} of opencode's sessions could not be read; {brought} were synced.")
        return Synced(brought=brought, passed_over=+(passed_over + Counter(history.passed_over)))

    async def _import_session(
        self, history: History, session: ExternalSession, ask: Ask, outputs: ExternalOutputs | None
    ) -> tuple[bool, bool]:
        """Whether a session brought something, and whether all of it could be recorded."""
        recorded, left_out = 0, 0
        async for command in history.read(session):
            complete = await outputs.kept(command, news_of(self._state(), command)) if outputs else command
            recorded += await ask(complete)
            left_out = command.left_out
        if left_out:
            log.warning("messages of a session were left out", session=session.agent_session_id, messages=left_out)
        return recorded > 0, not left_out

    def _done(self, syncing: asyncio.Task[Synced]) -> None:
        self._running.discard(syncing)
        if self._next is syncing:
            self._next = None
        if not syncing.cancelled():
            syncing.exception()  # the caller may have left
