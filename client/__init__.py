"""The client of an opencode-ledger service. It needs nothing of the server.

`Ledger` is for programs with an event loop, `opencode_ledger.client.sync` for all others. `models` has the types of
what the service sends.

The classes are imported when they are used first: a short program that blocks its thread needs few of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from .cursor import Cursor, CursorFile
from .errors import (
    BadCursor,
    BadSetting,
    BadStream,
    InConflict,
    InvalidRequest,
    LedgerApiError,
    LedgerClientError,
    LedgerClosed,
    LedgerUnreachable,
    NotAllowed,
    NotAvailable,
    NotFound,
    NotSignedIn,
    StreamHole,
    TooManyRequests,
)
from .event import Event

if TYPE_CHECKING:
    from .codebase import Codebase
    from .following import EventStream
    from .ledger import Ledger

_LATE: Final = {"Codebase": ".codebase", "EventStream": ".following", "Ledger": ".ledger"}
"""The modules of these classes."""

__all__ = [
    "BadCursor",
    "BadSetting",
    "BadStream",
    "Codebase",
    "Cursor",
    "CursorFile",
    "Event",
    "EventStream",
    "InConflict",
    "InvalidRequest",
    "Ledger",
    "LedgerApiError",
    "LedgerClientError",
    "LedgerClosed",
    "LedgerUnreachable",
    "NotAllowed",
    "NotAvailable",
    "NotFound",
    "NotSignedIn",
    "StreamHole",
    "TooManyRequests",
]


def __getattr__(name: str) -> Any:
    if (module := _LATE.get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(module, __name__), name)
    return found
