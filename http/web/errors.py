"""Every error in one shape: `{"detail": "<one sentence>", "code": "<stable_word>"}`."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import ClassVar, Final

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from ...domain import errors as d
from ...domain.secrets.masker import Secrets
from .answers import json_answer

log = structlog.get_logger()

STATUSES: Final[Mapping[type[d.LedgerError], int]] = {
    d.InvalidInput: 400,
    d.Forbidden: 403,
    d.NotFound: 404,
    d.Conflict: 409,
    d.AgentError: 503,
    d.StoreError: 503,
    d.ActorStopped: 503,
}
"""The HTTP status of each class of errors. For a subclass, its nearest listed ancestor counts."""


@dataclass(frozen=True, kw_only=True, order=True)
class Fault:
    """One possible error: its status, its code, and its sentence."""

    status: int
    code: str
    detail: str


MALFORMED: Final = Fault(status=400, code="malformed_request", detail="The request is not well-formed HTTP.")
TOO_LONG: Final = Fault(status=431, code="header_too_large", detail="The request line or a header is too long.")
INTERNAL: Final = Fault(status=500, code="internal_error", detail="The server failed on this request; see its log.")
ROUTING: Final = {
    fault.status: fault
    for fault in (
        Fault(status=400, code="bad_request", detail="The request is malformed."),
        Fault(status=404, code="unknown_route", detail="This address does not exist."),
        Fault(status=405, code="method_not_allowed", detail="This method is not supported here."),
        Fault(status=413, code="body_too_large", detail="The request body is too large."),
        Fault(status=417, code="expectation_failed", detail="The only supported expectation is 100-continue."),
    )
}
"""By status, the errors of requests that the web framework itself refuses."""


class Unauthorized(d.LedgerError):
    """A token is required: send `Authorization: Bearer <token>`."""

    code = "unauthorized"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class WrongToken(Unauthorized):
    """This token is not valid: check it, or ask the operator of this server for one."""

    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class UnsupportedBody(d.LedgerError):
    """The body must be uncompressed JSON in UTF-8: send `Content-Type: application/json`."""

    code = "unsupported_media_type"


class BodyTooLarge(d.LedgerError):
    """The request body is too large; send a smaller one."""

    code = "body_too_large"


class BodyTooSlow(d.LedgerError):
    """The request body took too long to arrive; send it again."""

    code = "body_too_slow"


class TooManyRequests(d.LedgerError):
    """Too many requests from this client; wait for the seconds in `Retry-After`."""

    code = "too_many_requests"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(retry_after)}


class TooManyReads(TooManyRequests):
    """Too many reads of the log by this caller, and each is recorded; wait for the seconds in `Retry-After`."""

    code = "too_many_reads"


class Overloaded(TooManyRequests):
    """The server is at its connection limit; try again later."""

    code = "overloaded"


class RangeNotThere(d.LedgerError):
    """The requested range has no bytes; `Content-Range` has the size."""

    code = "range_not_satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__()
        self.headers = {"Content-Range": f"bytes */{size}"}


_OWN: Final[Mapping[type[d.LedgerError], int]] = {
    Unauthorized: 401,
    BodyTooSlow: 408,
    BodyTooLarge: 413,
    UnsupportedBody: 415,
    RangeNotThere: 416,
    TooManyRequests: 429,
    Overloaded: 503,
}


def status_of(kind: type[d.LedgerError]) -> int:
    """The HTTP status for a class of the project's errors."""
    table = {**STATUSES, **_OWN}
    return next((table[cls] for cls in kind.__mro__ if cls in table), 500)


def fault_of(kind: type[d.LedgerError]) -> Fault:
    """A class of the project's errors, with the sentence that describes the class."""
    detail = inspect.cleandoc(kind.__doc__ or "").split("\n")[0]
    return Fault(status=status_of(kind), code=kind.code, detail=detail)


def error_answer(fault: Fault, headers: Mapping[str, str] | None = None) -> web.Response:
    """A response with an error in its common form."""
    return json_answer({"detail": fault.detail, "code": fault.code}, status=fault.status, headers=headers)


def errors(secrets: Secrets) -> Middleware:
    """The middleware that turns every error into the common form, with secrets masked.

    An unexpected error is logged; its response reveals nothing about the server's internals.
    """

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except d.LedgerError as error:
            headers: Mapping[str, str] | None = getattr(error, "headers", None)
            fault = Fault(status=status_of(type(error)), code=error.code, detail=secrets.mask(error.message))
            refusal = error_answer(fault, headers)
        except web.HTTPException as error:
            refusal = refused(error, request.method)
        except Exception:
            log.exception("request failed", method=request.method, path=request.path)
            refusal = error_answer(INTERNAL)
        if "Expect" in request.headers:
            refusal.force_close()  # the body may never arrive, and the next request could be taken for it
        return refusal

    return answer


def refused(refusal: web.HTTPException, method: str = "") -> web.Response:
    """The web framework's refusal in the common form. `method`: that of the request, where it is known."""
    phrase = HTTPStatus(refusal.status).phrase
    other = Fault(status=refusal.status, code=phrase.lower().replace(" ", "_"), detail=f"{phrase}.")
    fault = ROUTING.get(refusal.status, other)
    headers = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else None
    if isinstance(refusal, web.HTTPMethodNotAllowed) and refusal.allowed_methods:
        named = method if method in hdrs.METH_ALL else "This method"  # any other name may hold anything
        use = _alternatives(refusal.allowed_methods)
        fault = replace(fault, detail=f"{named} is not supported here; use {use}.")
    return error_answer(fault, headers)


def _alternatives(methods: Iterable[str]) -> str:
    *others, last = sorted(methods)
    return f"{', '.join(others)} or {last}" if others else last
