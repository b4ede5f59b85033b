"""What opencode keeps of a directory, read from a server of its own that works nowhere near it.

opencode merges configuration and runs plugins of any directory that it is asked about, so it is asked about none:
it starts in an empty one and lists the sessions of all, of which those of the directory are taken.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from tempfile import TemporaryDirectory

from ...domain.codebase.commands import ImportSession
from ...domain.codebase.imported import OutsideSession
from ...domain.errors import AgentError, AgentUnavailable
from ...domain.ids import AgentSessionId, CodebaseId
from ...domain.opencode.history import SessionReading, session_from
from ...domain.untrusted_json import fields, items, text, whole
from .client import NotFoundThere, OpencodeClient
from .server import OpencodeServer
from .settings import OpencodeSettings
from .whereabouts import check_whereabouts

SESSIONS = 500
"""Sessions that are asked for at once."""

MESSAGES = 32
"""Messages that are asked for at once: what is held of a history at any moment is about twice as many."""

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
            await server.close(settings.farewell_limit)
    finally:
        await asyncio.to_thread(nowhere.cleanup)


class OpencodeHistory:
    """See the port `History`."""

    def __init__(self, client: OpencodeClient, directory: str) -> None:
        self._client, self._directory = client, directory
        self._real: dict[str, str] = {}

    async def sessions(self) -> list[OutsideSession]:
        """See the port."""
        found: dict[AgentSessionId, OutsideSession] = {}
        seen: set[str] = set()
        cursor, limit, full = None, SESSIONS, True
        while full:
            page = items(await self._client.all_sessions(limit, cursor))
            full = len(page) >= limit
            if not await self._take(page, seen, found):
                limit *= 2  # the whole page was of one moment
            # One moment is asked for twice, since a page may have ended in the middle of it.
            cursor = _updated(page[-1]) + 1 if page else None
        # What was changed meanwhile has moved to the front.
        await self._take(items(await self._client.all_sessions(SESSIONS, None)), seen, found)
        return sorted(found.values(), key=lambda session: (session.started_at, session.agent_session_id))

    async def read(self, session: OutsideSession) -> AsyncIterator[ImportSession]:
        """See the port. opencode gives the last page first: the way back is walked first, then read forward."""
        reading = SessionReading(session)
        name = session.agent_session_id
        try:
            newest, cursor = await self._client.messages_before(name, MESSAGES, None)
            oldest, cursors = newest, list[str]()
            while cursor is not None:
                cursors.append(cursor)
                oldest, cursor = await self._client.messages_before(name, MESSAGES, cursor)
            if cursors:
                yield reading.page(items(oldest), last=False)
            for cursor in reversed(cursors[:-1]):
                page, _ = await self._client.messages_before(name, MESSAGES, cursor)
                yield reading.page(items(page), last=False)
            yield reading.page(items(newest), last=True)
        except NotFoundThere:
            return

    async def _take(self, page: list[object], seen: set[str], found: dict[AgentSessionId, OutsideSession]) -> bool:
        """Take what belongs to the directory; whether there was anything not yet seen."""
        news = [session for session in page if text(fields(session).get("id")) not in seen]
        seen.update(text(fields(session).get("id")) for session in news)
        for listed in news:
            session = session_from(listed)
            if session is not None and await self._is_here(session.directory):
                found[session.agent_session_id] = session
        return bool(news)

    async def _is_here(self, directory: str) -> bool:
        if directory not in self._real:
            self._real[directory] = await asyncio.to_thread(os.path.realpath, directory)
        return self._real[directory] == self._directory


def _updated(session: object) -> int:
    return whole(fields(fields(session).get("time")).get("updated"))
