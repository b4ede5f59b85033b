"""The errors of each route for the OpenAPI document: statuses, codes and sentences."""

from collections.abc import Iterable, Mapping
from typing import Final

from ...domain import errors as d
from ...projections.runner import ViewsBehind
from ..access.limited import TokenLimited
from ..api.idempotency import BadIdempotencyKey, IdempotencyKeyReused
from ..route import Route
from ..web.errors import (
    INTERNAL,
    MALFORMED,
    ROUTING,
    TOO_LONG,
    BodyTooLarge,
    BodyTooSlow,
    Fault,
    Overloaded,
    TooManyRequests,
    Unauthorized,
    UnsupportedBody,
    fault_of,
)
from ..web.logins.cookie import NotFromThePage
from ..web.principal import BadUserName, UserHeaderRefused
from ..web.security import ForeignHost, ForeignOrigin, ScopeMissing

_ALWAYS: Final = (
    *(MALFORMED, TOO_LONG, INTERNAL),
    *(ROUTING[status] for status in (400, 405, 417)),
    *map(fault_of, (ForeignHost, ForeignOrigin, Overloaded, d.CalledByAgent, d.CallerUnknown)),
)
_GUARDED: Final = (Unauthorized, ScopeMissing, UserHeaderRefused, BadUserName)
_COMMAND: Final = (
    *(d.InvalidInput, BodyTooSlow, BodyTooLarge, UnsupportedBody),
    *(TooManyRequests, d.ActorStopped, NotFromThePage),
)
_VIEWS: Final = (d.StoreError, ViewsBehind)
"""Commands get them too: all write to the log. So does every path with a codebase: its name is looked up in the views."""

_POST: Final = (BadIdempotencyKey, IdempotencyKeyReused)
CODES: Final = "x-codes"
"""The member of a described response that lists its codes."""

COMMON: Final = frozenset(
    (*_ALWAYS, *(fault_of(kind) for kind in (*_GUARDED, *_COMMAND, *_VIEWS, *_POST) if kind is not d.InvalidInput))
)
"""The errors that any request can get, described once. Invalid input is described at each operation."""

_NAMED: Final[Mapping[str, tuple[type[d.LedgerError], ...]]] = {
    "codebase_id": (d.CodebaseNotFound, d.CodebaseAmbiguous),
    "task_id": (d.TaskNotFound,),
    "permission_id": (d.PermissionNotFound,),
    "output_id": (d.OutputNotFound,),
}


def faults_of(route: Route) -> dict[int, list[Fault]]:
    """All errors that a route's requests can get, by status."""
    kinds: list[type[d.LedgerError]] = [] if route.access == "open" else [*_GUARDED]
    kinds += (TokenLimited,) if route.limited == "refused" else ()
    kinds += _COMMAND if route.method != "GET" else ()
    kinds += _VIEWS if _uses_views(route) else ()
    kinds += _POST if route.repeatable else ()
    kinds += (d.InvalidInput,) if route.path.startswith("/v1/") else ()
    kinds += (kind for name, some in _NAMED.items() if f"{{{name}}}" in route.path for kind in some)
    faults = [*_ALWAYS, *map(fault_of, (*kinds, *route.errors))]
    faults += [ROUTING[404]] if "{" in route.path else []
    return _by_status(faults)


def _uses_views(route: Route) -> bool:
    commands = route.method != "GET" and route.access != "open"
    return commands or route.views is not None or "{codebase_id}" in route.path


def _by_status(faults: Iterable[Fault]) -> dict[int, list[Fault]]:
    found: dict[int, list[Fault]] = {}
    for fault in sorted(dict.fromkeys(faults)):
        found.setdefault(fault.status, []).append(fault)
    return found
