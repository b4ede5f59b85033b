"""`Idempotency-Key`: a repeated command gets the first response, and nothing is done again.

The log holds the response together with the command's events, so it is found whenever they are: also after a crash, and
without a time limit. Only the requests in progress are in memory. A refusal changes nothing and is not kept: after one, a
repeated request is decided again.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias, cast
from weakref import WeakValueDictionary

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from ...domain.codebase.commands import Conclude
from ...domain.codebase.requests import IdempotencyKey
from ...domain.errors import CodebaseAmbiguous, CodebaseNotFound, Conflict, InvalidInput
from ...domain.events import Json
from ...domain.ids import CodebaseId
from ...domain.principals import Principal
from ..web.answers import json_bytes_answer
from ..web.bodies import read_object
from ..web.principal import principal_of
from .execute import ANSWERED, KEY, execute
from .service import RESOLVED, Service

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = {"Idempotent-Replayed": "true"}
"""The header of a repeated response."""

_VALID: Final = re.compile(r"[\x20-\x7e]{1,255}")


class BadIdempotencyKey(InvalidInput):
    """`Idempotency-Key` must be given once, as 1 to 255 printable ASCII characters."""

    code = "bad_idempotency_key"


class IdempotencyKeyReused(Conflict):
    """This `Idempotency-Key` belongs to another request: use a new key for each new request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class _UnderWay:
    fingerprint: str
    answer: asyncio.Task[bytes]
    request: web.Request


_Name: TypeAlias = tuple[Principal, str]
"""A key is its sender's own: another sender may use the same one for another request."""


class Repeats:
    """Ensures that the request of each key and sender is executed once. One for the whole service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._under_way: dict[_Name, _UnderWay] = {}
        self._locks = WeakValueDictionary[_Name, asyncio.Lock]()

    def once(self, handle: Handler) -> Handler:
        """A handler of commands that recognises repeated requests."""

        async def handle_once(request: web.Request) -> web.StreamResponse:
            given = request.headers.getall(HEADER, [])
            if not given:
                return await handle(request)
            if any(self._service.secrets.mask(key) != key for key in given):
                raise BadIdempotencyKey("`Idempotency-Key` must not contain a secret, or text that looks like one.")
            return await self._once(await _key_of(request, given), request, handle)

        return handle_once

    async def _once(self, key: IdempotencyKey, request: web.Request, handle: Handler) -> web.StreamResponse:
        # Held from the search in the log until the request is in progress, so that no other request comes between.
        name = (principal_of(request), key.key)
        async with self._locks.setdefault(name, asyncio.Lock()):
            known = self._under_way.get(name)
            if known is None:
                views = await self._service.current_views()
                answered = await views.requests.get(key.key, name[0])
                if answered is not None:
                    _check_same(key, answered.fingerprint)
                    await self._check_codebase(request, answered.codebase)
                    return json_bytes_answer(answered.answer, status=answered.status, headers=REPLAYED)
            first = known or self._begin(name, key, request, handle)
        _check_same(key, first.fingerprint)
        if known and (codebase := first.request.get(RESOLVED)):
            await self._check_codebase(request, CodebaseId(codebase))
        # Shielded: a caller that disconnects neither cancels its command nor may execute it again.
        answer = await asyncio.shield(first.answer)
        return json_bytes_answer(answer, headers=REPLAYED if known else None)

    def _begin(self, name: _Name, key: IdempotencyKey, request: web.Request, handle: Handler) -> _UnderWay:
        task = asyncio.create_task(self._carry_out(key, request, handle), name="request with an idempotency key")
        begun = self._under_way[name] = _UnderWay(key.fingerprint, task, request)
        task.add_done_callback(lambda _: self._over(name))
        return begun

    def _over(self, name: _Name) -> None:
        task = self._under_way.pop(name).answer
        if not task.cancelled():
            task.exception()  # read, so that a caller that left causes no warning about an unread error

    async def _carry_out(self, key: IdempotencyKey, request: web.Request, handle: Handler) -> bytes:
        request[KEY] = key
        response = await handle(request)
        body = cast(web.Response, response).body
        assert isinstance(body, bytes)  # commands are answered in JSON, and refused by raising
        if not request.get(ANSWERED):
            await self._conclude(request, body)
        return body

    async def _check_codebase(self, request: web.Request, codebase: CodebaseId) -> None:
        """Refuse a key if the name in the path is another codebase's by now: the response would be about the first one.

        While no codebase has the name, the request can only be a repetition, and gets the first response.
        """
        if "codebase_id" not in request.match_info:
            return
        try:
            now: tuple[str, ...] = (await self._service.codebase_id(request),)
        except CodebaseNotFound:
            return
        except CodebaseAmbiguous as several:
            now = several.codebases
        if codebase not in now:
            raise IdempotencyKeyReused(
                "This `Idempotency-Key` belongs to a request for another codebase, which had this name then: nothing was "
                "done now. Use a new key, or the id of the codebase."
            )

    async def _conclude(self, request: web.Request, body: bytes) -> None:
        """Record the response of a command that no actor executed, or that took several commands."""
        codebase = await self._service.codebase_id(request)
        answer = cast(Mapping[str, Json], orjson.loads(body))
        await execute(self._service, request, codebase, Conclude(), lambda _: answer)


async def _key_of(request: web.Request, given: list[str]) -> IdempotencyKey:
    """The request's key, with a digest of method, path and body; spaces and the order of members don't count."""
    if len(given) > 1 or not _VALID.fullmatch(given[0]):
        raise BadIdempotencyKey
    body = orjson.dumps(await read_object(request), option=orjson.OPT_SORT_KEYS)
    said = f"{request.method} {request.path_qs}\n".encode() + body
    return IdempotencyKey(given[0], sha256(said).hexdigest())


def _check_same(key: IdempotencyKey, fingerprint: str) -> None:
    if key.fingerprint != fingerprint:
        raise IdempotencyKeyReused
