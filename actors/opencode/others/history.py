"""The sessions that opencode keeps of a directory, read from a server of its own that works nowhere near it.

opencode merges configuration and runs plugins of every directory that it is asked about. So this server is asked about
none: it starts in an empty directory and lists the sessions of all directories. Those of the wanted one are taken.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from tempfile import TemporaryDirectory

import structlog

from ....domain.codebase.commands import ImportSession
from ....domain.codebase.imported import UNLISTED, UNNAMED, ExternalSession
from ....domain.errors import AgentError, AgentUnavailable
from ....domain.ids import AgentSessionId, CodebaseId
from ....domain.long_json import decoded_in_pieces
from ....domain.opencode.history import SessionReading, session_from
from ....domain.opencode.names import shown_name
from ....domain.untrusted_json import fields, items, text
from ..client import NotFoundThere, OpencodeClient
from ..server import OpencodeServer
from ..settings import OpencodeSettings
from ..whereabouts import check_whereabouts
from .session_list import SessionList

log = structlog.get_logger()

MESSAGES = 32
"""Messages that are asked for at once, fewer where they are long."""

PAGE_BYTES = 512 * 1024
"""Bytes of messages that are read, and recorded, at once; a longer message comes alone."""

MESSAGE_BYTES = 8 * 1024 * 1024
"""The most bytes of a message. A longer one is left out, and that is reported."""

AT_ONCE = 2
"""Codebases whose histories are read at the same time; each takes a process."""


class OpencodeHistories:
    """See the port `Histories`."""

    def __init__(self, settings: OpencodeSettings) -> None:
        self._settings = settings
        self._places = asyncio.Semaphore(AT_ONCE)

    def __call__(self, codebase: CodebaseId, directory: str) -> AbstractAsyncContextManager["OpencodeHistory"]:
        """See the port."""
        return self._open(codebase, directory)

    @asynccontextmanager
    async def _open(self, codebase: CodebaseId, directory: str) -> AsyncGenerator["OpencodeHistory"]:
        async with self._places, server_nowhere(self._settings, f"{codebase}/history") as server:
            yield OpencodeHistory(server.client, directory)


@asynccontextmanager
async def server_nowhere(settings: OpencodeSettings, name: str) -> AsyncGenerator[OpencodeServer]:
    """A server in an empty directory, for the length of a block. Raises `AgentUnavailable`."""
    nowhere = await asyncio.to_thread(TemporaryDirectory[str], prefix="opencode-ledger-")
    try:
        try:
            place = await asyncio.to_thread(os.path.realpath, nowhere.name)
            server = await OpencodeServer.start(settings, name, place, trusted=False)
        except AgentError as error:
            raise AgentUnavailable(error.message) from error
        try:
            await check_whereabouts(server.client)
            yield server
        finally:
            await server.close(settings.shutdown_limit)
    finally:
        await asyncio.to_thread(nowhere.cleanup)


class OpencodeHistory:
    """See the port `History`."""

    def __init__(self, client: OpencodeClient, directory: str) -> None:
        self._client, self._directory = client, directory
        self._real: dict[str, str | None] = {}
        self.passed_over: Counter[str] = Counter()

    async def sessions(self) -> list[ExternalSession]:
        """See the port."""
        found: dict[AgentSessionId, ExternalSession] = {}
        seen: set[str] = set()
        sessions = SessionList(self._client)
        async for listed in sessions.all():
            await self._take(listed, seen, found)
        if sessions.unlisted:
            self.passed_over[UNLISTED] = sessions.unlisted
        return sorted(found.values(), key=lambda session: (session.started_at, session.agent_session_id))

    async def read(self, session: ExternalSession) -> AsyncIterator[ImportSession]:
        """See the port. opencode gives the last page first: the way back is walked first, then read forward."""
        reading = SessionReading(session)
        name = session.agent_session_id
        try:
            pages = [page async for page in self._way_back(name)]
            for cursor, limit, known in reversed(pages):
                most = MESSAGE_BYTES
                body = known or (await self._client.page_of_messages(name, limit, cursor, most))[0]
                yield await asyncio.to_thread(_command, reading, body, last=cursor is None)
        except NotFoundThere:
            return

    async def _way_back(self, name: AgentSessionId) -> AsyncIterator[tuple[str | None, int, bytes | None]]:
        """The pages of a session from its last to its first: each page's cursor and size, and the last page itself."""
        cursor: str | None = None
        while True:
            limit = MESSAGES
            body, before = await self._client.page_of_messages(name, limit, cursor, PAGE_BYTES)
            while body is None and limit > 1:
                limit //= min(limit, 4)
                limit = max(limit, 1)
                body, before = await self._client.page_of_messages(name, limit, cursor, PAGE_BYTES)
            yield cursor, limit, body if cursor is None else None
            if before is None:
                return
            cursor = before

    async def _take(self, listed: object, seen: set[str], found: dict[AgentSessionId, ExternalSession]) -> None:
        """Take a session that belongs to the directory, once."""
        name = text(fields(listed).get("id"))
        if name in seen or not await self._is_here(text(fields(listed).get("directory"))):
            return
        seen.add(name)
        session = session_from(listed)
        if session is None:
            log.warning("a session has a name that opencode doesn't give; it was passed over", session=shown_name(name))
            self.passed_over[UNNAMED] += 1
        else:
            found[session.agent_session_id] = session

    async def _is_here(self, directory: str) -> bool:
        if directory not in self._real:
            self._real[directory] = await asyncio.to_thread(_real, directory)
        return self._real[directory] == self._directory


def _real(directory: str) -> str | None:
    """The real path; None for what can't be the path of anything."""
    try:
        return os.path.realpath(directory) if directory else None
    except (ValueError, OSError):
        return None


def _command(reading: SessionReading, body: bytes | None, *, last: bool) -> ImportSession:
    """The command of a page. A page that was too long is one message, which is left out."""
    if body is None:
        reading.left_out += 1
        return reading.page([], last=last)
    try:
        return reading.page(items(decoded_in_pieces(body)), last=last)
    except (ValueError, RecursionError) as error:
        raise AgentError(f"opencode sent unreadable messages: {error}", code="AGENT_UNREADABLE") from None
