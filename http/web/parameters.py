"""The parameters that addresses take in their query or in headers: as the API's description shows them, and as they are read."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from aiohttp import web

from ...domain.errors import InvalidInput
from ...domain.events import Json
from ...projections.views.tasks import TaskStatus

USUAL_LIMIT: Final = 50
LARGEST_LIMIT: Final = 500
LARGEST: Final = 10**15 - 1
# Python's int() would also take signs, blanks, underscores and the digits of other scripts.
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True)
class Parameter:
    """A text: its name, what it means, and what its JSON Schema says beside that."""

    name: str
    description: str
    more: Mapping[str, Json] = field(default_factory=dict[str, Json])
    required: bool = False
    place: Literal["query", "header"] = "query"

    @property
    def schema(self) -> Mapping[str, Json]:
        """Its JSON Schema."""
        return {"type": "string", **self.more}

    def given(self, request: web.Request) -> str | None:
        """What the query says; None where it isn't there. Raises `InvalidInput` where it must be, or is there twice."""
        given = request.query.getall(self.name, [])
        if len(given) > 1:
            raise InvalidInput(f"{self.name}: It must be given only once.")
        if self.required and not (given and given[0]):
            raise InvalidInput(f"{self.name}: It is required, as a parameter of the address.")
        return given[0] if given else None


@dataclass(frozen=True)
class Number(Parameter):
    """A whole number from `least` to `most`; `usual` where it isn't given."""

    least: int = 0
    most: int = LARGEST
    usual: int | None = None

    @property
    def schema(self) -> Mapping[str, Json]:
        """Its JSON Schema."""
        usual: Mapping[str, Json] = {} if self.usual is None else {"default": self.usual}
        return {"type": "integer", "minimum": self.least, "maximum": self.most, **usual}

    def of(self, request: web.Request, usual: int | None = None) -> int:
        """What the query says; `usual` goes before the parameter's own. Raises `InvalidInput`."""
        given, usual = self.given(request), self.usual if usual is None else usual
        if given is None and usual is not None:
            return usual
        if given is None or not _NUMBER.fullmatch(given) or not self.least <= int(given) <= self.most:
            raise InvalidInput(
                f"{self.name}: It must be a whole number from {self.least} to {self.most:,}, in digits alone."
            )
        return int(given)


def check_known(request: web.Request, names: Collection[str]) -> None:
    """Raise `InvalidInput` where the query has a parameter that isn't one of these: it means something that isn't done."""
    unknown = next((name for name in request.query if name not in names), None)
    if unknown is not None:
        named = unknown if _NAME.fullmatch(unknown) else "query"
        taken = f"this address takes {', '.join(names)}" if names else "this address takes none"
        raise InvalidInput(f"{named}: There is no such parameter here; {taken}.")


_CURSOR: Final[Mapping[str, Json]] = {"pattern": "^([0-9]{1,18}|[0-8][0-9]{18})$"}

LIMIT = Number("limit", "How many items at most.", least=1, most=LARGEST_LIMIT, usual=USUAL_LIMIT)
OFFSET = Number("offset", "How many items to pass over.", usual=0)
MOST_MESSAGES = Number("limit", "How many messages at most; all of them unless given.", least=1, most=LARGEST_LIMIT)
AT = Parameter(
    "at",
    "Answer as it was after this event of the codebase (its number), or at this time.",
    {"examples": ["42", "2025-12-10T22:00:00Z"]},
)
SESSION = Parameter("session_id", "Which session's messages.", required=True)
STATUS = Parameter("status", "Only tasks of this status.", {"enum": [*get_args(TaskStatus)]})
AFTER = Number("after", "Events after this number.", usual=0)
LOG_LIMIT = Number("limit", "How many events at most.", least=1, most=LARGEST_LIMIT, usual=100)
LAST_EVENT_ID = Parameter("Last-Event-ID", "Go on after this event; wins over the query.", _CURSOR, place="header")
LAST_EVENT_ID_QUERY = Parameter("last_event_id", "Go on after this event; 0 is the whole history.", _CURSOR)
ONE_SESSION = Parameter("session_id", "Only this session, from its start.")
POSITION = Number("position", "Of the event, in the whole log.", least=1, required=True)
SIZE = Number("size", "Of the log, in events; the whole of it unless given.", least=1)
FROM = Number("from", "The smaller size, in events.", required=True)
TO = Number("to", "The larger size; the whole log unless given.")
UPTO = Number("to", "Only those of events up to this number; all of them unless given.", least=1)
RANGE = Parameter(
    "Range",
    "One range of bytes, such as `bytes=0-1023`; without it, all.",
    {"pattern": "^bytes=([0-9]{1,15}-[0-9]{0,15}|-[0-9]{1,15})$"},
    place="header",
)

IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "The same request with the same key is carried out once and gets the first answer, also after a restart.",
    {"minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    place="header",
)
REQUEST_ID = Parameter(
    "X-Request-ID",
    "Names the request in the events that it causes and in the server's log; every answer carries it.",
    place="header",
)

PAGE: Final = (LIMIT, OFFSET)
WHOLE_STREAM: Final = (LAST_EVENT_ID, LAST_EVENT_ID_QUERY)
STREAM: Final = (*WHOLE_STREAM, ONE_SESSION)
