"""A running opencode of one codebase: the server, its event stream, and what is known of its run."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager

import structlog

from ...domain.errors import AgentError
from ...domain.opencode.translator import Translator
from ...domain.untrusted_json import fields, items, text
from ..clock import loop_seconds, wall_milliseconds
from .files.file_watch import FileWatch
from .host.process import START_FAILED
from .outbox import Outbox
from .server import OpencodeServer
from .stream import EventStream

log = structlog.get_logger()

MORE_MESSAGES = 50
AFTER_A_GAP = 500

HEARD_LIMIT = 2.0
"""Seconds to wait for the event stream to say what a request has already shown."""


class Connection:
    """Feeds the translator from a server's events and answers, and the outbox from the translator.

    `news` is set whenever the run may have ended or may have to be ended. `mourned` is the task that clears up after a
    process that ended by itself; None before `open`. `trusted`: whether the process was started with trust.
    """

    def __init__(
        self,
        server: OpencodeServer,
        translator: Translator,
        outbox: Outbox,
        ended: Callable[["Connection", str], Awaitable[None]],
        files: FileWatch,
        *,
        trusted: bool,
    ) -> None:
        self.server, self.translator, self.files, self.trusted = server, translator, files, trusted
        self.client = server.client
        self.news = asyncio.Event()
        self.heard = loop_seconds()
        self.expected_end = False
        self._outbox, self._ended = outbox, ended
        self._stream = EventStream(server, self._take, outbox.room, self._caught_up)
        self._settling = 0
        self._said = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.mourned: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Start to listen; returns when nothing can be missed any longer. Raises `AgentError`."""
        self._spawn(self._follow())
        self.mourned = asyncio.create_task(self._mourn())
        connected = asyncio.create_task(self._stream.connected.wait())
        try:
            await asyncio.wait({connected, self._tasks[0]}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            connected.cancel()
        if not self._stream.connected.is_set():
            raise AgentError("opencode's event stream could not be opened.", code=START_FAILED)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.server.alive

    def answered(self) -> None:
        """The agent got an answer: until now it had no reason to say anything."""
        self.heard = loop_seconds()

    async def close(self, patience: float) -> None:
        """Stop listening and end the server."""
        self.expected_end = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.server.close(patience)

    def add(self, work: Coroutine[None, None, None]) -> None:
        """Run something while this connection is open."""
        self._spawn(work)

    # --- what it learns -------------------------------------------------------------------------------------------

    async def ask_status(self) -> None:
        """Ask whether the run is at work, and process the answer."""
        statuses = await self.client.statuses()
        self._outbox.put(self.translator.statuses(statuses, wall_milliseconds()))

    async def ask_messages(self, session: str, more: int = MORE_MESSAGES) -> object:
        """Ask for the messages of the run, process what was missed, and return them."""
        messages = await self.client.messages(session, self.translator.known_messages + more)
        self._outbox.put(self.translator.messages(messages))
        return messages

    async def ask_everything(self, more: int = MORE_MESSAGES) -> None:
        """Process the present messages of the agent's root session and its subagents."""
        run = self.translator.run
        if run is None:
            return
        for child in items(await self.client.children(run.root)):
            self._outbox.put(self.translator.event({"type": "session.updated", "properties": {"info": child}}, 0.0))
        for session in self.translator.sessions:
            await self.ask_messages(session, more)

    # --- what it asks -------------------------------------------------------------------------------------------------

    @property
    def is_settling(self) -> bool:
        """Whether the outcome of something that the agent asked is still unknown."""
        return self._settling > 0

    @contextmanager
    def settling(self) -> Generator[None]:
        """In this block an outcome is being found out; the run doesn't end before it is known."""
        self._settling += 1
        try:
            yield
        finally:
            self._settling -= 1
            self.news.set()

    async def still_asked(self) -> set[str]:
        """The names of all that the agent asks; new ones are processed. Raises `AgentError`."""
        permissions = [fields(asked) for asked in items(await self.client.permissions())]
        questions = [fields(asked) for asked in items(await self.client.questions())]
        for asked in permissions:
            self._outbox.put(list(self.translator.permission(asked)))
        for asked in questions:
            self._outbox.put(list(self.translator.question(asked)))
        return {text(asked.get("id")) for asked in (*permissions, *questions)}

    async def settle_taken(self, asked: str) -> None:
        """The agent has taken an answer: wait until its event stream says so, in its order among all events."""
        if not await self._heard({asked}):
            self._outbox.put(self.translator.settled_unheard(asked, taken=True))

    async def settle_gone(self, gone: set[str]) -> None:
        """These are no longer asked: wait for the event that settled each, or find it out. Raises `AgentError`."""
        if await self._heard(gone):
            return
        await self.ask_everything()
        run = self.translator.run
        for asked in gone & run.asking if run else ():
            self.settle_unheard(asked)

    def settle_unheard(self, asked: str) -> None:
        """Report how something that is no longer asked was settled, as far as that is known. Once is enough."""
        self._outbox.put(self.translator.settled_unheard(asked))

    async def _heard(self, gone: set[str]) -> bool:
        try:
            async with asyncio.timeout(HEARD_LIMIT):
                while (run := self.translator.run) and run.asking & gone:
                    self._said.clear()
                    await self._said.wait()
        except TimeoutError:
            return False
        return True

    async def _settle_missed(self, gone: set[str]) -> None:
        with self.settling():
            try:
                await self.settle_gone(gone)
            except AgentError as error:
                log.warning("opencode did not say what was settled meanwhile", error=error.message)

    async def settle_files(self) -> None:
        """The run rests: find out about changed files whose outcome is still unknown."""
        await self.files.settle()
        if self.translator.files_in_doubt:
            self._outbox.put(self.translator.rest(await self.client.changed_files()))

    def _take(self, event: object) -> None:
        if fields(event).get("type") != "server.heartbeat":
            self.heard = loop_seconds()
        self._outbox.put(self.translator.event(event, wall_milliseconds()))
        self.files.heard()
        self._said.set()
        run = self.translator.run
        if run is not None and run.activity in ("resting", "retrying"):
            self.news.set()

    async def _caught_up(self) -> None:
        """Ask for everything that may have been missed while the stream was interrupted."""
        self.translator.missed()
        await self.ask_everything(AFTER_A_GAP)
        before = set(run.asking) if (run := self.translator.run) else set[str]()
        if gone := before - await self.still_asked():
            self._spawn(self._settle_missed(gone))  # concurrently with the stream, which may still say how
        await self.ask_status()
        self.news.set()

    # --- its end --------------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        try:
            await self._stream.follow()
        except AgentError as error:
            log.error("opencode is given up", error=error.message)
            await self.server.process.kill()

    async def _mourn(self) -> None:
        """If the process ends unasked: read its last output, clear up, and report it."""
        await asyncio.wait({self.server.process.ended})
        if self.expected_end:
            return
        await asyncio.wait(self._tasks[:1], timeout=1.0)
        await self.server.process.drained()
        reason = self.server.process.obituary()
        await self.close(0.0)
        await self._ended(self, reason)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._check)
        self._tasks.append(task)

    def _check(self, task: asyncio.Task[None]) -> None:
        """End and report an agent that is no longer read or watched: it would seem to run forever."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("opencode is no longer watched; it is ended", exc_info=error)
            self.server.process.end()
