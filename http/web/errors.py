"""Every error in one shape: `{"detail": "<one sentence>", "code": "<stable_word>"}`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar, Final

import structlog
from aiohttp import web
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
"""Which status answers which class of error; the nearest class in the family counts."""

ROUTING: Final[Mapping[int, tuple[str, str]]] = {
    400: ("bad_request", "The request is malformed."),
    404: ("unknown_route", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("body_too_large", "The request's body is too large."),
    417: ("expectation_failed", "The only expectation that can be met is 100-continue."),
}
"""Codes and sentences for what the web framework itself refuses."""


class Unauthorized(d.LedgerError):
    """A token is needed: send it as `Authorization: Bearer <token>`."""

    code = "unauthorized"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class WrongToken(Unauthorized):
    """The token is none of those that this server was given: check it, or ask whoever runs the server for one."""

    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class UnsupportedBody(d.LedgerError):
    """The body must be JSON in UTF-8: send it uncompressed, with `Content-Type: application/json`."""

    code = "unsupported_media_type"


class BodyTooLarge(d.LedgerError):
    """The request's body is too large."""

    code = "body_too_large"


class BodyTooSlow(d.LedgerError):
    """The request's body took too long to come."""

    code = "body_too_slow"


class TooManyRequests(d.LedgerError):
    """This client asks for too much."""

    code = "too_many_requests"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(retry_after)}


class Overloaded(TooManyRequests):
    """All clients together ask for too much."""

    code = "overloaded"


class RangeNotThere(d.LedgerError):
    """There are no bytes in this range."""

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
    """The HTTP status for a class of errors of ours."""
    table = {**STATUSES, **_OWN}
    return next((table[cls] for cls in kind.__mro__ if cls in table), 500)


def error_answer(status: int, detail: str, code: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An error in the one shape that all have."""
    return json_answer({"detail": detail, "code": code}, status=status, headers=headers)


def errors(secrets: Secrets) -> Middleware:
    """The middleware that turns whatever goes wrong into the one shape, without secrets.

    What nobody foresaw is logged and says nothing about our insides.
    """

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except d.LedgerError as error:
            headers: Mapping[str, str] | None = getattr(error, "headers", None)
            refusal = error_answer(status_of(type(error)), secrets.mask(error.message), error.code, headers)
        except web.HTTPException as error:
            refusal = refused(error)
        except Exception:
            log.exception("request failed", method=request.method, path=request.path)
            refusal = error_answer(500, "The server failed on this request; its log says more.", "internal_error")
        if "Expect" in request.headers:
            refusal.force_close()  # its body may never come: what follows could be taken for it
        return refusal

    return answer


def refused(refusal: web.HTTPException) -> web.Response:
    """What the web framework refused, in the one shape."""
    phrase = HTTPStatus(refusal.status).phrase
    code, detail = ROUTING.get(refusal.status, (phrase.lower().replace(" ", "_"), f"{phrase}."))
    headers = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else None
    return error_answer(refusal.status, detail, code, headers)
