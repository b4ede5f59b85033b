"""Requests that are answered with JSON: with an idempotency key where that makes repetitions safe, and repeated."""

import json
import uuid
from collections.abc import Mapping
from typing import Final, cast

from .address import API
from .errors import LedgerApiError, LedgerUnreachable, api_error
from .retrying import may_be_repeated, pauses, wanted_pause
from .transport import Request, Response, Transport

KEY: Final = "Idempotency-Key"


class Calls:
    """Sends requests until they are answered. `patience`: seconds to wait between attempts, all in all."""

    def __init__(self, transport: Transport, patience: float) -> None:
        self.transport, self._patience = transport, patience

    async def json(
        self, method: str, path: str, body: Mapping[str, object] | None = None, key: str | None = None
    ) -> object:
        """The JSON of the answer. `path` begins after `/v1/opencode`.

        Members of `body` that are None are left out. `key`: the idempotency key of a POST, else a new one.
        Raises `LedgerApiError` or `LedgerUnreachable`.
        """
        headers = {KEY: key} if key is not None else {}
        return cast("object", json.loads((await self.request(request_of(method, API + path, body, headers))).body))

    async def request(self, request: Request) -> Response:
        """The answer to any request; its status is below 300. Raises `LedgerApiError` or `LedgerUnreachable`."""
        recognised = request.method in ("GET", "HEAD") or KEY in request.headers
        waited = 0.0
        for pause in pauses():
            try:
                return await self._once(request)
            except (LedgerApiError, LedgerUnreachable) as failure:
                wanted = wanted_pause(failure, pause)
                waited += wanted
                if not may_be_repeated(failure, recognised=recognised) or waited > self._patience:
                    raise
            await self.transport.pause(wanted)
        raise AssertionError("there is always a further pause")

    async def _once(self, request: Request) -> Response:
        response = await self.transport.send(request)
        if response.status >= 300:
            raise api_error(response.status, response.body, response.headers)
        return response


def request_of(
    method: str, target: str, body: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
) -> Request:
    """A request with a body of JSON, if it takes one. A POST gets an idempotency key, unless `headers` bring one."""
    given = {"Accept": "application/json", **(headers or {})}
    if method == "POST":
        given.setdefault(KEY, str(uuid.uuid4()))
    if method in ("GET", "HEAD"):
        return Request(method, target, given)
    members = {name: value for name, value in (body or {}).items() if value is not None}
    return Request(method, target, {**given, "Content-Type": "application/json"}, json.dumps(members).encode())
