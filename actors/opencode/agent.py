"""A codebase's agent: opencode behind the port `Agent`. One process at most, started when it is first needed."""

import asyncio
from collections.abc import Callable
from collections.abc import Sequence as Many

import structlog

from ...domain.codebase.effects import Prompt
from ...domain.codebase.facts import AgentDied
from ...domain.errors import AgentError
from ...domain.events import Answers, Reply
from ...domain.ids import AgentPermissionId, CodebaseId
from ...domain.opencode.run import Given
from ...domain.opencode.translator import Translator
from ...domain.ports import Deliver
from .abort import abort_run
from .answering import Send, give_answer
from .attachments import file_parts
from .catalog import Model
from .client import Place
from .connection import Connection
from .files.file_watch import FileWatch
from .handover import Handover
from .host.configuration import Stamp
from .host.memory_limit import watch_memory
from .host.working_directory import refuse_moved
from .lifetime import Lifetime
from .outbox import Outbox
from .processes import survivors
from .server import OpencodeServer
from .settings import OpencodeSettings
from .untrusted.configuration import refuse_untrusted
from .watch import Watch
from .whereabouts import refuse_elsewhere

log = structlog.get_logger()

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
        self._learn = learn
        self._outbox = Outbox(deliver, settings.coalesce, settings.backlog)
        self._translator = Translator(directory, settings.secrets)
        self._handover = Handover(self._translator, self._outbox, deliver)
        self._files = FileWatch(directory, self._translator, self._outbox)
        self._life = Lifetime(self._start)
        self._delivering: asyncio.Task[None] | None = None
        self._aborting = False
        self._terminating: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether a process exists, or is being started."""
        return self._life.alive

    @property
    def connection(self) -> Connection | None:
        """The connection to the running process, if there is one."""
        return self._life.running

    @property
    def handing_over(self) -> bool:
        """Whether a prompt is being handed over now."""
        return self._handover.under_way

    # --- prompts --------------------------------------------------------------------------------------------------

    def trust(self, trusted: bool) -> None:
        """See the port."""
        self._trusted = trusted

    async def prompt(self, prompt: Prompt) -> None:
        """See the port."""
        await self._end_outdated()
        await self._check_place(None)
        files = await asyncio.to_thread(file_parts, self._directory, prompt.files, self._settings.attachment_limit)
        connection = await self._life.connected()
        try:
            await self._files.before_run()
            await self._check_place(await connection.client.place())
            await self._handover.give(connection, prompt, files)
            await self._check_still_there(connection)
        except AgentError:
            if not await self._life.ended_under(connection):
                raise

    async def _check_place(self, there: Place | None) -> None:
        await self._check_unmoved(there)
        if not self._trusted:
            await asyncio.to_thread(refuse_untrusted, self._directory, there.worktree if there else None)

    async def _check_still_there(self, connection: Connection) -> None:
        """End the agent if its directory became a link just before the prompt, before a model answers."""
        there = await connection.client.place()
        try:
            await self._check_unmoved(there)
        except AgentError:
            await self._life.close(connection, 0.0)
            raise

    async def _end_outdated(self) -> None:
        """End an idle process that was started with another trust, or in a home that the agents no longer use."""
        connection = self._life.running
        if connection is None or self._translator.run is not None:
            return
        if connection.trusted != self._trusted or connection.server.at_home != self._settings.at_home:
            await self._life.close(connection, self._settings.shutdown_limit)

    async def _check_unmoved(self, there: Place | None = None) -> None:
        """Raise `AgentError` unless the codebase is the checked one and, once that is known, the agent is in it."""
        roots, data = self._settings.roots, self._settings.data
        await asyncio.to_thread(refuse_moved, self._directory, roots, data)
        if there is not None:
            await asyncio.to_thread(refuse_elsewhere, there, self._directory, roots, data)

    # --- the process ----------------------------------------------------------------------------------------------

    async def _start(self) -> Connection:
        if self._delivering is None:
            self._delivering = asyncio.create_task(self._outbox.run())
        trusted = self._trusted
        server = await OpencodeServer.start(self._settings, self._codebase, self._directory, trusted=trusted)
        connection = Connection(server, self._translator, self._outbox, self._on_death, self._files, trusted=trusted)
        try:
            await connection.open()
            catalog = await server.catalog()
        except BaseException:
            await connection.close(0.0)
            raise
        if self._learn and not trusted:  # a trusted codebase may bring models of its own
            self._learn(catalog.models(), server.configured)
        watch = Watch(connection, self._outbox, self._settings, self._is_busy, self._terminate, self._check_unmoved)
        connection.add(watch.run())
        connection.add(self._files.run())
        if limit := self._settings.memory_limit:
            connection.add(watch_memory(server.process, limit))
        self._handover.to_another_process()
        return connection

    def _is_busy(self) -> bool:
        settles = (connection := self._life.connection) is not None and connection.is_settling
        return self._aborting or self.handing_over or self._terminating is not None or settles

    def _terminate(self, connection: Connection, report: Callable[[], None]) -> None:
        """End a process that no longer responds, then call `report`.

        The watch that found it ends with it, so this is a task of its own.
        """
        self._terminating = asyncio.create_task(self._end_by_force(connection, report))

    async def _end_by_force(self, connection: Connection, report: Callable[[], None]) -> None:
        try:
            with self._settings.presence.kept(self._codebase):
                family = await survivors.family(self._settings.instance, self._codebase)
                await self._life.close(connection, 0.0)
                await survivors.sweep(self._settings.instance, self._codebase, family)
                await self._files.settle(whatever_ran=True)
        finally:
            self._terminating = None
            report()

    async def _on_death(self, connection: Connection, reason: str) -> None:
        self._life.over(connection)
        log.warning("opencode died", codebase=self._codebase, reason=reason)
        verdict = connection.server.process.ended_for
        if self._translator.run is not None:
            await self._files.settle(whatever_ran=True)
        died = AgentDied(reason=reason, code=verdict.code if verdict else None)
        self._outbox.put([*self._translator.closed(), died])
        await self._outbox.flushed()

    # --- permissions ----------------------------------------------------------------------------------------------

    async def answer(self, permission: AgentPermissionId, reply: Reply, message: str | None) -> None:
        """See the port."""
        await self._answer(permission, reply, lambda client: client.reply_permission(permission, reply, message))

    async def answer_question(self, question: AgentPermissionId, answers: Answers | None) -> None:
        """See the port."""
        await self._answer(question, answers, lambda client: client.answer_question(question, answers))

    async def _answer(self, asked: AgentPermissionId, answer: Given, send: Send) -> None:
        if (connection := self._life.connection) is not None:
            await give_answer(connection, asked, answer, send)

    # --- the end --------------------------------------------------------------------------------------------------

    async def abort(self) -> None:
        """See the port."""
        running = self._translator.run is not None
        try:
            if not await self._abort_run(self._settings.abort_limit):
                await self._stop(running=running)
        except Exception:
            log.exception("abort failed; the agent is ended", codebase=self._codebase)
            await self._stop(running=running)
        await self._last_facts()

    async def _abort_run(self, limit: float) -> bool:
        """Whether the agent aborted its run in time."""
        connection = self._life.running
        if connection is None:
            self._outbox.put(self._translator.closed())
            return True
        self._aborting = True
        try:
            async with asyncio.timeout(limit):
                await self._handover.settled()
                await abort_run(connection)
            await connection.settle_files()
            return True
        except (AgentError, TimeoutError) as error:
            log.warning("opencode does not abort its run", codebase=self._codebase, error=str(error))
            return False
        finally:
            self._outbox.put(self._translator.closed())
            self._aborting = False

    async def stop(self) -> None:
        """See the port."""
        await self._stop(running=self._translator.run is not None)

    async def _stop(self, *, running: bool) -> None:
        """End the agent. `running`: a run is under way, or was just aborted.

        What that run did to the files until its very end is its own.
        """
        if self._terminating is not None:
            await asyncio.wait({self._terminating})
        with self._settings.presence.kept(self._codebase):
            await self._end_all(running=running)
        await self._last_facts()
        if self._delivering is not None:
            self._delivering.cancel()
            await asyncio.gather(self._delivering, return_exceptions=True)
            self._delivering = None

    async def _end_all(self, *, running: bool) -> None:
        family = await survivors.family(self._settings.instance, self._codebase)
        try:
            await self._end()
        except Exception:
            log.exception("the agent did not end in good order", codebase=self._codebase)
        await survivors.sweep(self._settings.instance, self._codebase, family)
        if running:
            await self._files.settle(whatever_ran=True)
        self._translator.seen.forget()

    async def _end(self) -> None:
        await self._life.stop_starting()
        connection, patience = self._life.connection, self._settings.shutdown_limit
        if connection is None:
            return
        connection.expected_end = True
        if connection.alive and await self._abort_run(patience):
            await self._dispose(connection, patience)
        await self._life.close(connection, patience)

    async def _dispose(self, connection: Connection, patience: float) -> None:
        try:
            await connection.client.dispose(patience)
        except AgentError as error:
            log.warning("opencode does not dispose of its work", codebase=self._codebase, error=error.message)

    async def _last_facts(self) -> None:
        if self._delivering is None or self._delivering.done():
            return
        try:
            async with asyncio.timeout(LAST_FACTS):
                await self._outbox.flushed()
        except TimeoutError:
            log.error("the last facts were not recorded in time", codebase=self._codebase)
