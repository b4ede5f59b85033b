"""A codebase's agent: opencode behind the port `Agent`. One process at most, started when it is first needed."""

import asyncio
from collections.abc import Callable
from collections.abc import Sequence as Many
from time import time
from typing import Literal

import structlog

from ...domain.agent_events import Translator
from ...domain.effects import Prompt
from ...domain.errors import AgentError
from ...domain.facts import AgentDied, PromptTaken, SessionOpened
from ...domain.ids import AgentPermissionId, AgentSessionId, CodebaseId, SessionId
from ...domain.ports import Deliver
from . import survivors
from .attachments import file_parts
from .catalog import Model
from .client import NotFoundThere, OpencodeClient
from .configuration import Stamp
from .connection import Connection
from .letting_go import let_go
from .message_ids import MessageIds
from .outbox import Outbox
from .place import refuse_moved
from .server import OpencodeServer
from .settings import OpencodeSettings
from .trust import refuse_untrusted
from .watch import Watch

log = structlog.get_logger()

SESSION_LOST = "SESSION_LOST"
LAST_FACTS = 5.0
"""Seconds in which the log must take the last facts of an agent that is ended."""


class OpencodeAgent:
    """See the port. Facts leave through an outbox; a process that ends by itself is reported as `AgentDied`."""

    def __init__(
        self,
        settings: OpencodeSettings,
        codebase: CodebaseId,
        directory: str,
        *,
        trusted: bool,
        deliver: Deliver,
        learn: Callable[[Many[Model], Stamp], None] | None = None,
    ) -> None:
        self._settings, self._codebase, self._directory, self._trusted = settings, codebase, directory, trusted
        self._deliver, self._learn = deliver, learn
        self._outbox = Outbox(deliver, settings.coalesce, settings.backlog)
        self._translator = Translator(directory)
        self._ids = MessageIds()
        self._connection: Connection | None = None
        self._starting: asyncio.Task[Connection] | None = None
        self._delivering: asyncio.Task[None] | None = None
        self._handing: asyncio.Task[None] | None = None
        self._roots: dict[SessionId, AgentSessionId] = {}
        self._verified: set[AgentSessionId] = set()
        self._letting_go = False

    @property
    def alive(self) -> bool:
        """Whether a process exists, or is being started."""
        return self._starting is not None or (self._connection is not None and self._connection.alive)

    @property
    def client(self) -> OpencodeClient | None:
        """The way to the running server, if there is one."""
        return self._connection.client if self._connection and self._connection.alive else None

    @property
    def handing_over(self) -> bool:
        """Whether a prompt is being handed over just now."""
        return self._handing is not None and not self._handing.done()

    # --- prompts --------------------------------------------------------------------------------------------------

    async def prompt(self, prompt: Prompt) -> None:
        """See the port."""
        await self._check_place(None)
        files = await asyncio.to_thread(file_parts, self._directory, prompt.files)
        connection = await self._connected()
        try:
            await self._check_place(await connection.client.worktree())
            await self._prompt(connection, prompt, files)
        except AgentError:
            if not await self._died(connection):
                raise

    async def _check_place(self, root: str | None) -> None:
        await asyncio.to_thread(refuse_moved, self._directory, self._settings.roots)
        if not self._trusted:
            await asyncio.to_thread(refuse_untrusted, self._directory, root)

    async def _prompt(self, connection: Connection, prompt: Prompt, files: list[dict[str, str]]) -> None:
        root, model = await self._session(connection, prompt)
        self._handing = asyncio.create_task(self._hand_over(connection, prompt, files, root, model))
        self._handing.add_done_callback(_retrieved)
        await asyncio.shield(self._handing)

    async def _hand_over(
        self,
        connection: Connection,
        prompt: Prompt,
        files: list[dict[str, str]],
        root: AgentSessionId,
        model: str,
    ) -> None:
        """Once begun it is done to the end, so that it is known whether the agent has the prompt.

        The log decides: a prompt that it has no more as delivered, since an interrupt came first, is kept for later
        and must not be handed over now; one that it has as delivered must be.
        """
        self._outbox.put([SessionOpened(session_id=prompt.session_id, agent_session_id=root, model=model)])
        await self._outbox.flushed()
        message = self._ids.next()
        taken = PromptTaken(session_id=prompt.session_id, message_id=prompt.message_id, agent_message_id=message)
        if await self._deliver((taken,)) is False:
            return
        provider, _, name = model.partition("/")
        body = {
            "messageID": message,
            "model": {"providerID": provider, "modelID": name},
            "agent": prompt.agent,
            "parts": [{"type": "text", "text": prompt.text}, *files],
        }
        self._translator.prompted(prompt.session_id, root, prompt.message_id, message, _milliseconds())
        await connection.client.prompt(root, body)

    async def _session(self, connection: Connection, prompt: Prompt) -> tuple[AgentSessionId, str]:
        """The agent's session for ours, and the model to use there."""
        catalog = await connection.server.catalog()
        root = prompt.agent_session_id or self._roots.get(prompt.session_id)
        model = prompt.model or catalog.usual_model()
        catalog.check(model, prompt.agent)
        if root is None:
            root = AgentSessionId(await connection.client.create_session(prompt.title or "opencode-ledger"))
        elif root not in self._verified:
            try:
                await connection.client.session(root)
            except NotFoundThere:
                raise AgentError("opencode no longer knows this session; trigger a new one.", SESSION_LOST) from None
        self._verified.add(root)
        self._roots = {prompt.session_id: root}
        return root, model

    async def _died(self, connection: Connection) -> bool:
        """Whether a request failed because the process ended; its death is reported then, and that is enough."""
        await asyncio.wait({connection.server.process.ended}, timeout=0.2)
        if connection.alive or connection.expected_end or connection.mourned is None:
            return False
        await asyncio.wait({connection.mourned})
        return True

    # --- the process ----------------------------------------------------------------------------------------------

    async def _connected(self) -> Connection:
        """The connection to a running process. Starting goes on when the caller is cancelled."""
        if self._connection is not None:
            if self._connection.alive:
                return self._connection
            if self._connection.mourned is not None:
                await asyncio.wait({self._connection.mourned})
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(self._started)
        return await asyncio.shield(self._starting)

    async def _start(self) -> Connection:
        if self._delivering is None:
            self._delivering = asyncio.create_task(self._outbox.run())
        server = await OpencodeServer.start(self._settings, self._codebase, self._directory, trusted=self._trusted)
        connection = Connection(server, self._translator, self._outbox, self._on_death)
        try:
            await connection.open()
            catalog = await server.catalog()
        except BaseException:
            await connection.close(0.0)
            raise
        if self._learn:
            self._learn(catalog.models(), server.configured)
        connection.add(Watch(connection, self._outbox, self._settings, self._is_busy).run())
        self._verified.clear()
        self._connection = connection
        return connection

    def _started(self, starting: asyncio.Task[Connection]) -> None:
        if self._starting is starting:
            self._starting = None
        _retrieved(starting)

    def _is_busy(self) -> bool:
        return self._letting_go or self.handing_over

    async def _on_death(self, connection: Connection, reason: str) -> None:
        if self._connection is connection:
            self._connection = None
        self._translator.closed()
        log.warning("opencode died", codebase=self._codebase, reason=reason)
        self._outbox.put([AgentDied(reason=reason)])
        await self._outbox.flushed()

    # --- permissions ----------------------------------------------------------------------------------------------

    async def answer(
        self, permission: AgentPermissionId, reply: Literal["once", "always", "reject"], message: str | None
    ) -> None:
        """See the port."""
        connection, run = self._connection, self._translator.run
        if connection is None or run is None or permission not in run.asking:
            return
        run.asking.discard(permission)
        try:
            await connection.client.reply_permission(permission, reply, message)
        except NotFoundThere:
            return

    # --- letting go -----------------------------------------------------------------------------------------------

    async def abort(self) -> None:
        """See the port."""
        try:
            if not await self._let_go(self._settings.abort_limit):
                await self.stop()
        except Exception:
            log.exception("abort failed; the agent is ended", codebase=self._codebase)
            await self.stop()
        await self._last_facts()

    async def _let_go(self, limit: float) -> bool:
        """Whether the agent has let go of its run in time."""
        connection = self._connection
        if connection is None or not connection.alive:
            self._translator.closed()
            return True
        self._letting_go = True
        try:
            async with asyncio.timeout(limit):
                if self._handing is not None:
                    await asyncio.wait({self._handing})
                await let_go(connection, self._outbox)
            return True
        except (AgentError, TimeoutError) as error:
            log.warning("opencode does not let go", codebase=self._codebase, error=str(error))
            return False
        finally:
            self._translator.closed()
            self._letting_go = False

    async def stop(self) -> None:
        """See the port."""
        family = await survivors.family(self._settings.instance, self._codebase)
        try:
            await self._end()
        except Exception:
            log.exception("the agent did not end in good order", codebase=self._codebase)
        await survivors.sweep(self._settings.instance, self._codebase, family)
        await self._last_facts()
        if self._delivering is not None:
            self._delivering.cancel()
            await asyncio.gather(self._delivering, return_exceptions=True)
            self._delivering = None

    async def _end(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        connection = self._connection
        if connection is None:
            return
        patience = self._settings.farewell_limit
        connection.expected_end = True
        if connection.alive and await self._let_go(patience):
            try:
                await connection.client.dispose(patience)
            except AgentError as error:
                log.warning("opencode does not say good-bye", codebase=self._codebase, error=error.message)
        await connection.close(patience)
        if connection.mourned is not None:
            await asyncio.wait({connection.mourned})
        self._connection = None

    async def _last_facts(self) -> None:
        if self._delivering is None or self._delivering.done():
            return
        try:
            async with asyncio.timeout(LAST_FACTS):
                await self._outbox.flushed()
        except TimeoutError:
            log.error("the last facts were not recorded in time", codebase=self._codebase)


def _retrieved(task: asyncio.Task[Connection] | asyncio.Task[None]) -> None:
    """Take note of an error that nobody may be waiting for any more."""
    if not task.cancelled():
        task.exception()


def _milliseconds() -> float:
    return time() * 1000
