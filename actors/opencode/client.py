"""The part of opencode's HTTP interface that is needed: one method per request, each with a time limit.

Every failure is an `AgentError`. The answers are JSON that is not interpreted here.

Every request names its directory. opencode takes it from the header, percent-decoded once. For addresses with a
session's id it takes the session's own directory instead, decoded although nobody encoded it: `x%20y` becomes `x y`. So
a session's id is written in a form that opencode recognizes only later, after the header has decided.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import quote

import aiohttp
import orjson
from yarl import URL

from ...domain.errors import AGENT_UNREACHABLE, AgentError
from ...domain.events import Answers
from ...domain.long_json import decoded_in_pieces
from ...domain.opencode.errors import failure_of
from ...domain.opencode.names import FORM, is_name, shown_name
from ...domain.untrusted_json import fields, text
from .program.environment import USER

UNREACHABLE = AGENT_UNREACHABLE
UNREADABLE = "AGENT_UNREADABLE"
TOO_LONG = "AGENT_TOO_LONG"

LONGEST = 4 * 1024 * 1024
"""Bytes of a list of sessions at most."""

AT_ONCE = 64 * 1024
"""Bytes that are read as JSON in the loop; more are read beside it."""

DIRECTORY = "x-opencode-directory"
"""The header that says which directory a request is about."""

BEFORE_ALL = "msg_000000000000"
"""Sorts before the id of any message: a copy of what came before it is empty."""

Method: TypeAlias = Literal["GET", "POST", "DELETE"]


class NotFoundThere(AgentError):
    """The agent doesn't know this."""

    code = "AGENT_NOT_KNOWN"


class NoName(AgentError):
    """A name doesn't have the form of one, so opencode was not asked about it."""

    code = "AGENT_NAME_REFUSED"


@dataclass(frozen=True, slots=True)
class Place:
    """Where opencode says it works. `worktree`: the root of the repository as it sees it, `/` where it sees none."""

    directory: str
    worktree: str


class OpencodeClient:
    """Requests to one opencode server about one directory; `limit` in seconds for each."""

    def __init__(self, url: str, password: str, limit: float, directory: str) -> None:
        self.directory = directory
        self._limit, self._url = limit, url.rstrip("/")
        self._http = aiohttp.ClientSession(
            headers={
                "Authorization": aiohttp.encode_basic_auth(USER, password),
                DIRECTORY: quote(os.fsencode(directory), safe="/"),
            },
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=2.0),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def health(self) -> str:
        """The version of a healthy server."""
        answer = fields(await self._ask("GET", "/global/health"))
        return text(answer.get("version")) if answer.get("healthy") is True else ""

    async def config(self) -> object:
        """The configuration in force."""
        return await self._ask("GET", "/config")

    async def place(self) -> Place:
        """The place where it works."""
        answer = fields(await self._ask("GET", "/path"))
        return Place(text(answer.get("directory")), text(answer.get("worktree")) or "/")

    async def providers(self) -> object:
        """The usable providers, with their models and the default model of each."""
        return await self._ask("GET", "/config/providers")

    async def agents(self) -> object:
        """The kinds of agent."""
        return await self._ask("GET", "/agent")

    async def create_session(self, title: str) -> object:
        """A new session."""
        return await self._ask("POST", "/session", {"title": title})

    async def session(self, session: str) -> object:
        """A session. Raises `NotFoundThere`."""
        return await self._ask("GET", _of(session))

    async def fork_session(self, session: str) -> object:
        """An empty session like this one, in the directory in which a prompt to this one would be carried out."""
        return await self._ask("POST", _of(session, "/fork"), {"messageID": BEFORE_ALL})

    async def delete_session(self, session: str) -> None:
        """Remove a session."""
        await self._ask("DELETE", _of(session))

    async def children(self, session: str) -> object:
        """The sessions of its subagents."""
        return await self._ask("GET", _of(session, "/children"))

    async def prompt(self, session: str, body: Mapping[str, object]) -> None:
        """Hand over a prompt; accepted does not mean that it can be carried out."""
        await self._ask("POST", _of(session, "/prompt_async"), body)

    async def statuses(self) -> object:
        """The status of each session that is not idle."""
        return await self._ask("GET", "/session/status")

    async def messages(self, session: str, limit: int) -> object:
        """The last `limit` messages with their parts, oldest first."""
        return await self._ask("GET", _of(session, f"/message?limit={limit}"))

    async def all_sessions(self, limit: int, before: float | None, since: float | None = None) -> object:
        """Sessions of all directories, the last changed first, changed before one moment and since another, in ms."""
        cursor = "" if before is None else f"&cursor={quote(str(before))}"
        start = "" if since is None else f"&start={quote(str(since))}"
        return await self._ask("GET", f"/experimental/session?archived=true&limit={limit}{cursor}{start}", most=LONGEST)

    async def page_of_messages(
        self, session: str, limit: int, before: str | None, most: int
    ) -> tuple[bytes | None, str | None]:
        """As `messages`, but as JSON, before a cursor, and with the cursor of the page before. Raises `NotFoundThere`.

        The page is None if it has more bytes than `most`; these are not read.
        """
        cursor = "" if before is None else f"&before={quote(before, safe='')}"
        path = _of(session, f"/message?limit={limit}{cursor}")
        async with self._answered("GET", path, None, self._limit) as answer:
            body = await _read(answer, most)
            if answer.status >= 400:
                _content(answer.status, path, body or b"")
            return body, answer.headers.get("X-Next-Cursor")

    async def changed_files(self) -> object:
        """The files that differ from the last commit."""
        return await self._ask("GET", "/vcs/status")

    async def permissions(self) -> object:
        """The permissions that it asks for."""
        return await self._ask("GET", "/permission")

    async def reply_permission(self, permission: str, reply: str, message: str | None) -> None:
        """Answer a permission. Raises `NotFoundThere` if it is no longer asked for."""
        body = {"reply": reply} if message is None else {"reply": reply, "message": message}
        await self._ask("POST", f"/permission/{_named(permission)}/reply", body)

    async def questions(self) -> object:
        """The questions that it asks."""
        return await self._ask("GET", "/question")

    async def answer_question(self, question: str, answers: Answers | None) -> None:
        """Answer a question, or (None) refuse to. Raises `NotFoundThere` if it is no longer asked."""
        how, body = ("reject", {}) if answers is None else ("reply", {"answers": answers})
        await self._ask("POST", f"/question/{_named(question)}/{how}", body)

    async def abort(self, session: str, limit: float) -> None:
        """Abort the session's run; returns when that is done."""
        await self._ask("POST", _of(session, "/abort"), {}, limit)

    async def dispose(self, limit: float) -> None:
        """End everything that it does."""
        await self._ask("POST", "/instance/dispose", {}, limit)

    @asynccontextmanager
    async def events(self, silence: float) -> AsyncGenerator[AsyncIterator[bytes], None]:
        """The event stream's bytes; `silence` seconds without any end it. Raises `AgentError`."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._limit, sock_read=silence)
        try:
            async with self._http.get(self._address("/event"), timeout=timeout) as answer:
                if answer.status != 200:
                    raise AgentError(f"opencode answered {answer.status} for its events.", code=UNREACHABLE)
                yield answer.content.iter_any()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise AgentError(f"opencode's event stream broke: {_reason(error)}", code=UNREACHABLE) from None

    async def _ask(
        self,
        method: Method,
        path: str,
        body: Mapping[str, object] | None = None,
        limit: float | None = None,
        most: int | None = None,
    ) -> object:
        async with self._answered(method, path, body, limit or self._limit) as answer:
            said = await _read(answer, most)
            if said is None:
                raise AgentError(f"opencode's answer was longer than {most} bytes ({path}).", code=TOO_LONG)
            if len(said) > AT_ONCE:
                return await asyncio.to_thread(_content, answer.status, path, said)
            return _content(answer.status, path, said)

    @asynccontextmanager
    async def _answered(
        self, method: Method, path: str, body: Mapping[str, object] | None, limit: float
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        content = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json"} if content else None
        try:
            async with (
                asyncio.timeout(limit),
                self._http.request(method, self._address(path), data=content, headers=headers) as answer,
            ):
                yield answer
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise AgentError(f"opencode did not answer ({path}): {_reason(error)}", code=UNREACHABLE) from None

    def _address(self, path: str) -> URL:
        """The address as it is: any normalization would undo how a session is named in it."""
        return URL(self._url + path, encoded=True)


def _named(name: str) -> str:
    """The name of a session or a question. Raises `NoName` for a name that could lead to another one."""
    if not is_name(name):
        raise NoName(f"{shown_name(name)} is not a name that opencode gives: {FORM}.")
    return name


def _of(session: str, path: str = "") -> str:
    """The address of a session, or of a part of it; the last byte of the id is always escaped. Raises `NoName`."""
    name = _named(session).encode()
    return f"/session/{quote(name[:-1], safe='')}{''.join(f'%{byte:02X}' for byte in name[-1:])}{path}"


async def _read(answer: aiohttp.ClientResponse, most: int | None) -> bytes | None:
    """The response; None if it is longer than `most`, and then no more is read."""
    if most is None:
        return await answer.read()
    pieces, size = list[bytes](), 0
    async for piece in answer.content.iter_any():
        pieces.append(piece)
        size += len(piece)
        if size > most:
            answer.close()
            return None
    return b"".join(pieces)


def _content(status: int, path: str, body: bytes) -> object:
    try:
        content = decoded_in_pieces(body) if body else None
    except ValueError:
        if status < 400:
            raise AgentError(f"opencode sent an unreadable answer ({path}).", code=UNREADABLE) from None
        content = None
    if status == 404:
        raise NotFoundThere(f"opencode doesn't know {path.split('?', maxsplit=1)[0]}.")
    if status >= 400:
        reason = failure_of(content)
        raise AgentError(f"opencode answered {status} ({path}): {reason.error}", code=reason.code)
    return content


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
