"""The name of each request, by which its answer, its events and its log lines are found together.

A client gives it as `X-Request-ID`, or as the trace id of a W3C `traceparent`. What isn't a valid one is passed over
and a new one is made: no request fails for a header that only helps to find it again.
"""

import os
import re
from typing import Final, cast

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDictProxy

HEADER: Final = "X-Request-ID"

_CORRELATION: Final = web.RequestKey("correlation_id", str)
_VALID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT: Final = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?P<more>-.*)?"
)


def correlation_of(request: web.BaseRequest) -> str:
    """The request's name: the same whenever it is asked for."""
    known = request.get(_CORRELATION)
    if known is None:
        known = request[_CORRELATION] = _given(request.headers) or os.urandom(16).hex()
    return known


@web.middleware
async def correlated(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Have every line that is logged for this request name it."""
    # Never taken back: aiohttp handles each request in a task of its own, whose context ends with it.
    structlog.contextvars.bind_contextvars(correlation_id=correlation_of(request))
    return await handler(request)


async def named_in_answer(request: web.BaseRequest, answer: web.StreamResponse) -> None:
    """As `name_in_answer`, for what aiohttp is about to send."""
    name_in_answer(request, answer)


def name_in_answer(request: web.BaseRequest, answer: web.StreamResponse) -> None:
    """Have the answer name its request; and its server, by which aiohttp would tell its own version and Python's."""
    answer.headers[HEADER] = correlation_of(request)
    answer.headers["Server"] = "opencode-ledger"


def _given(headers: object) -> str | None:
    # Of bytes that are no request aiohttp makes one whose headers are but an empty dict.
    if not isinstance(headers, CIMultiDictProxy):
        return None
    given = cast("CIMultiDictProxy[str]", headers)
    match given.getall(HEADER, []):
        case [name] if _VALID.fullmatch(name):
            return name
        case _:
            return _trace_id(given.getall("traceparent", []))


def _trace_id(given: list[str]) -> str | None:
    parts = _TRACEPARENT.fullmatch(given[0].strip(" \t")) if len(given) == 1 else None
    # Version 00 ends with the flags; of later ones only the beginning is known.
    if parts is None or (parts["version"] == "00" and parts["more"]):
        return None
    return parts["trace"]
