"""What can go wrong for a client. `LedgerApiError` is the service's own refusal; its `code` is stable."""

import json
from collections.abc import Mapping
from typing import ClassVar, Final, cast


class LedgerClientError(Exception):
    """Something went wrong. All errors of this package are of this class."""


class BadSetting(LedgerClientError):
    """The address or the token can't be used."""


class LedgerUnreachable(LedgerClientError):
    """The service could not be reached, or the connection broke.

    `sent`: the request may have arrived, so a command may have been executed.
    """

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class LedgerClosed(LedgerClientError):
    """This client was closed."""

    def __init__(self) -> None:
        super().__init__("This client was closed.")


class BadCursor(LedgerClientError):
    """The file of a cursor can't be read, or belongs to another stream."""


class StreamHole(LedgerClientError):
    """Events are missing: the stream went from the id `last` to the id `got`, although its ids have no gaps."""

    def __init__(self, stream: str, last: int, got: int) -> None:
        super().__init__(
            f"Events {last + 1} to {got - 1} are missing from {stream}: after event {last} came event {got}."
        )
        self.stream, self.last, self.got = stream, last, got


class BadStream(LedgerClientError):
    """What came over an event stream is no event of this service."""


class LedgerApiError(LedgerClientError):
    """The service refused a request.

    `status`: as in HTTP. `code`: a stable word, such as `codebase_not_found`. `detail`: a sentence for people.
    `retry_after`: seconds after which the request may be repeated, where the service names them.
    """

    statuses: ClassVar[frozenset[int]] = frozenset()

    def __init__(self, status: int, code: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.retry_after = status, code, detail, retry_after

    def __str__(self) -> str:
        return f"{self.detail} ({self.code})"


class InvalidRequest(LedgerApiError):
    """The request is not valid."""

    statuses = frozenset({400, 405, 408, 413, 415, 416, 417, 431})


class NotSignedIn(LedgerApiError):
    """A token is required, or the token is not valid."""

    statuses = frozenset({401})


class NotAllowed(LedgerApiError):
    """The token lacks a scope, or the service does not allow this."""

    statuses = frozenset({403})


class NotFound(LedgerApiError):
    """The service has no such thing."""

    statuses = frozenset({404})


class InConflict(LedgerApiError):
    """The command does not fit what the agent, the task or the permission is doing now."""

    statuses = frozenset({409})


class TooManyRequests(LedgerApiError):
    """The service asks this client to wait."""

    statuses = frozenset({429})


class NotAvailable(LedgerApiError):
    """The service, its log or opencode is not available now."""

    statuses = frozenset({502, 503, 504})


_KINDS: Final[Mapping[int, type[LedgerApiError]]] = {
    status: kind
    for kind in (InvalidRequest, NotSignedIn, NotAllowed, NotFound, InConflict, TooManyRequests, NotAvailable)
    for status in kind.statuses
}

NO_CODE: Final = "not_of_the_service"
"""The code of an error that another program on the way answered with, such as a proxy."""


def api_error(status: int, body: bytes, headers: Mapping[str, str]) -> LedgerApiError:
    """The error that a response stands for. `headers`: by their names in lower case."""
    code, detail = _problem(body) or (NO_CODE, f"The answer has the status {status} and is not of this service.")
    return _KINDS.get(status, LedgerApiError)(status, code, detail, _seconds(headers.get("retry-after")))


def _problem(body: bytes) -> tuple[str, str] | None:
    try:
        given: object = json.loads(body)
    except ValueError:
        return None
    members = cast("dict[str, object]", given) if isinstance(given, dict) else {}
    code, detail = members.get("code"), members.get("detail")
    return (code, detail) if isinstance(code, str) and isinstance(detail, str) else None


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; a date counts as none, for the clocks may differ."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
