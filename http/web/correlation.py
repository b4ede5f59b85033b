"""The correlation id of each request. Its response, its events and its log lines carry it.

A client sends it as `X-Request-ID`, or as the trace id of a W3C `traceparent`. An invalid one is ignored, and a new one is
made: no request fails because of a header that only helps to find it later.
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
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})-[0-9a-f]{2}"
    r"(?P<more>-.*)?"
)


def correlation_of(request: web.BaseRequest) -> str:
    """The request's correlation id. It never changes."""
    known = request.get(_CORRELATION)
    if known is None:
        known = request[_CORRELATION] = _given(request.headers) or os.urandom(16).hex()
    return known


@web.middleware
async def correlated(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put the correlation id into every log line of this request."""
    # Never unbound: aiohttp handles each request in a task of its own, whose context ends with it.
    structlog.contextvars.bind_contextvars(correlation_id=correlation_of(request))
    return await handler(request)


async def named_in_answer(request: web.BaseRequest, answer: web.StreamResponse) -> None:
    """Call `name_in_answer` for the response that aiohttp is about to send."""
    name_in_answer(request, answer)


def name_in_answer(request: web.BaseRequest, answer: web.StreamResponse) -> None:
    """Name the request in the response, and hide the `Server` of aiohttp, which reveals its version and Python's."""
    answer.headers[HEADER] = correlation_of(request)
    answer.headers["Server"] = "opencode-ledger"


def _given(headers: object) -> str | None:
    # For bytes that are not a request, aiohttp makes a request whose headers are an empty dict.
    if not isinstance(headers, CIMultiDictProxy):
        return None
    given = cast("CIMultiDictProxy[str]", headers)
    match given.getall(HEADER, []):
        case [name] if _VALID.fullmatch(name):
            return name
        case _:
            return _trace_id(given.getall("traceparent", []))


def caller_of(request: web.BaseRequest) -> tuple[str, str] | None:
    """The trace and the span of the caller, if it sent a valid `traceparent`."""
    parts = _caller(request.headers.getall("traceparent", []))
    return (parts["trace"], parts["span"]) if parts else None


def _trace_id(given: list[str]) -> str | None:
    parts = _caller(given)
    return parts["trace"] if parts else None


def _caller(given: list[str]) -> re.Match[str] | None:
    parts = _TRACEPARENT.fullmatch(given[0].strip(" \t")) if len(given) == 1 else None
    # Version 00 ends with the flags; of later ones only the beginning is known.
    return None if parts is None or (parts["version"] == "00" and parts["more"]) else parts
