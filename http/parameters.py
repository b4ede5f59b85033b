"""The parameters that addresses take in their query or in headers, as the API's description shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from ..domain.events import Json
from ..projections.tasks import TaskStatus
from .pages import LARGEST, LARGEST_LIMIT, USUAL_LIMIT


@dataclass(frozen=True)
class Parameter:
    """A parameter: its name, what it means, and its JSON Schema."""

    name: str
    description: str
    schema: Mapping[str, Json]
    required: bool = False
    place: Literal["query", "header"] = "query"


_CURSOR: Final[Mapping[str, Json]] = {"type": "string", "pattern": "^([0-9]{1,18}|[0-8][0-9]{18})$"}
_SEQUENCE: Final[Mapping[str, Json]] = {"type": "integer", "minimum": 0, "maximum": LARGEST}

LIMIT = Parameter(
    "limit",
    "How many items at most.",
    {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": USUAL_LIMIT},
)
OFFSET = Parameter("offset", "How many items to pass over.", {**_SEQUENCE, "default": 0})
AT = Parameter(
    "at",
    "Answer as it was after this event of the codebase (its number), or at this time.",
    {"type": "string", "examples": ["42", "2025-12-10T22:00:00Z"]},
)
SESSION = Parameter("session_id", "Which session's messages.", {"type": "string"}, required=True)
STATUS = Parameter("status", "Only tasks of this status.", {"type": "string", "enum": [*get_args(TaskStatus)]})
AFTER = Parameter("after", "Events after this number.", {**_SEQUENCE, "default": 0})
LOG_LIMIT = Parameter("limit", "How many events at most.", {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT})
LAST_EVENT_ID = Parameter("Last-Event-ID", "Go on after this event; wins over the query.", _CURSOR, place="header")
LAST_EVENT_ID_QUERY = Parameter("last_event_id", "Go on after this event; 0 is the whole history.", _CURSOR)
ONE_SESSION = Parameter("session_id", "Only this session, from its start.", {"type": "string"})
POSITION = Parameter("position", "Of the event, in the whole log.", {**_SEQUENCE, "minimum": 1}, required=True)
SIZE = Parameter("size", "Of the log, in events; the whole of it unless given.", {**_SEQUENCE, "minimum": 1})
FROM = Parameter("from", "The smaller size, in events.", _SEQUENCE, required=True)
TO = Parameter("to", "The larger size; the whole log unless given.", _SEQUENCE)

IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "The same request with the same key is carried out once and gets the first answer, also after a restart.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    place="header",
)
REQUEST_ID = Parameter(
    "X-Request-ID",
    "Names the request in the events that it causes and in the server's log; every answer carries it.",
    {"type": "string"},
    place="header",
)

PAGE: Final = (LIMIT, OFFSET)
WHOLE_STREAM: Final = (LAST_EVENT_ID, LAST_EVENT_ID_QUERY)
STREAM: Final = (*WHOLE_STREAM, ONE_SESSION)
