"""A cache of responses that stay valid until the views change. A hit reads no rows and generates no JSON."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, cast

from aiohttp import web
from aiohttp.typedefs import Handler

from .answers import json_bytes_answer
from .principal import limit_of

MOST_RESPONSES: Final = 1024
MOST_BYTES: Final = 16 * 1024 * 1024
"""The limits of the cache: the number of its responses, and their size together."""


_Address: TypeAlias = tuple[str, frozenset[str] | None]
"""An address, and the codebases that the token is limited to."""


class ResponseCache:
    """The responses since the views last changed. One for the whole service.

    `current` returns when the views show everything that is committed. `version` changes whenever the views may have changed.
    """

    def __init__(self, current: Callable[[], Awaitable[object]], version: Callable[[], object]) -> None:
        self._current, self._version = current, version
        self._at: object = None
        self._responses: dict[_Address, bytes] = {}
        self._bytes = 0

    def cached(self, handle: Handler) -> Handler:
        """The handler with a cache. Its responses must depend only on the address, the token's limit and the log."""

        async def handle_cached(request: web.Request) -> web.StreamResponse:
            await self._current()
            if self._at != (at := self._version()):
                self._at, self._bytes = at, 0
                self._responses.clear()
            address = (request.raw_path, limit_of(request))
            if (known := self._responses.get(address)) is not None:
                return json_bytes_answer(known)
            response = await handle(request)
            body = cast(web.Response, response).body
            assert isinstance(body, bytes)  # such handlers return JSON, and raise their refusals
            if at == self._version() == self._at:
                self._keep(address, body)
            return response

        return handle_cached

    def _keep(self, address: _Address, body: bytes) -> None:
        weight = len(address[0]) + len(body)
        if len(self._responses) < MOST_RESPONSES and self._bytes + weight <= MOST_BYTES:
            self._bytes += weight
            self._responses[address] = body
