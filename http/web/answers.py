"""JSON answers."""

from collections.abc import Mapping
from typing import Final

import orjson
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

_HEADERS: Final = CIMultiDictProxy(
    CIMultiDict({"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"})
)


def json_answer(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON response that no browser will take for anything else."""
    return json_bytes_answer(orjson.dumps(body), status=status, headers=headers)


def json_bytes_answer(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """As `json_answer`, with JSON that is made already."""
    answer = web.Response(body=body, status=status, headers=_HEADERS)
    if headers:
        answer.headers.update(headers)
    return answer
