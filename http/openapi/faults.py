"""The errors of each route for the OpenAPI document: statuses, codes and sentences."""

import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from ...domain import errors as d
from ..api.idempotency import BadIdempotencyKey, IdempotencyKeyReused
from ..web.errors import (
    ROUTING,
    BodyTooLarge,
    BodyTooSlow,
    Overloaded,
    TooManyRequests,
    Unauthorized,
    UnsupportedBody,
    status_of,
)
from ..web.security import ForeignHost, ForeignOrigin, ScopeMissing

if TYPE_CHECKING:
    from ..routes import Route


class Fault(NamedTuple):
    """One possible error: its status, code and sentence."""

    status: int
    code: str
    detail: str


def _fault(kind: type[d.LedgerError]) -> Fault:
    return Fault(status_of(kind), kind.code, inspect.cleandoc(kind.__doc__ or "").split("\n")[0])


def _routing(status: int) -> Fault:
    return Fault(status, *ROUTING[status])


MALFORMED: Final = Fault(400, "malformed_request", "The request is not well-formed HTTP.")
TOO_LONG: Final = Fault(431, "header_too_large", "The request line or a header is too long.")

_ALWAYS: Final = (
    _routing(400),
    MALFORMED,
    TOO_LONG,
    _routing(417),
    *map(_fault, (ForeignHost, ForeignOrigin, Overloaded, d.CalledByAgent, d.CallerUnknown)),
)
_GUARDED: Final = (Unauthorized, ScopeMissing)
_COMMAND: Final = (
    *(d.InvalidInput, BodyTooSlow, BodyTooLarge, UnsupportedBody),
    *(TooManyRequests, d.ActorStopped, d.StoreError),
)
_POST: Final = (BadIdempotencyKey, IdempotencyKeyReused)
CODES: Final = "x-codes"
"""The member of a described response that lists its codes."""

COMMON: Final = frozenset(
    (*_ALWAYS, *(_fault(kind) for kind in (*_GUARDED, *_COMMAND, *_POST) if kind is not d.InvalidInput))
)
"""The errors that any request can get, described once. Invalid input is described at each operation."""

_NAMED: Final = {
    "codebase_id": d.CodebaseNotFound,
    "task_id": d.TaskNotFound,
    "permission_id": d.PermissionNotFound,
    "output_id": d.OutputNotFound,
}


def faults_of(route: "Route") -> dict[int, list[Fault]]:
    """All errors that a route's requests can get, by status."""
    kinds: list[type[d.LedgerError]] = [] if route.access == "open" else [*_GUARDED]
    kinds += _COMMAND if route.method != "GET" else ()
    kinds += _POST if route.method == "POST" else ()
    kinds += (d.InvalidInput,) if route.path.startswith("/v1/") else ()
    kinds += (kind for name, kind in _NAMED.items() if f"{{{name}}}" in route.path)
    faults = [*_ALWAYS, *map(_fault, (*kinds, *route.errors))]
    faults += [_routing(404)] if "{" in route.path else []
    return _by_status(faults)


def _by_status(faults: Iterable[Fault]) -> dict[int, list[Fault]]:
    found: dict[int, list[Fault]] = {}
    for fault in sorted(dict.fromkeys(faults)):
        found.setdefault(fault.status, []).append(fault)
    return found
