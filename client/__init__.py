"""The client of an opencode-ledger service. It needs nothing of the server.

`Ledger` is for programs with an event loop, `opencode_ledger.client.sync` for all others. `models` has the types of
what the service sends.
"""

from .codebase import Codebase
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
from .following import EventStream
from .ledger import Ledger

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
