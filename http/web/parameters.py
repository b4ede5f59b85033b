"""The query and header parameters of the API: how the OpenAPI document describes them, and how they are read."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, TypeVar, get_args

from aiohttp import web

from ...domain.errors import InvalidInput
from ...domain.events import Json
from ...projections.views.tasks import TaskStatus

TaskOrder: TypeAlias = Literal["newest", "queue"]

DEFAULT_LIMIT: Final = 50
LARGEST_LIMIT: Final = 500
LARGEST: Final = 10**15 - 1
# Python's int() would also take signs, blanks, underscores and the digits of other scripts.
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


W = TypeVar("W", bound=str)


@dataclass(frozen=True)
class Parameter:
    """A text parameter: its name, its meaning, and further members of its JSON Schema."""

    name: str
    description: str
    more: Mapping[str, Json] = field(default_factory=dict[str, Json])
    required: bool = False
    place: Literal["query", "header"] = "query"

    @property
    def schema(self) -> Mapping[str, Json]:
        """Its JSON Schema. A required one is never empty: see `given`."""
        least: Mapping[str, Json] = {"minLength": 1} if self.required else {}
        return {"type": "string", **least, **self.more}

    def given(self, request: web.Request) -> str | None:
        """Its value in the query, or None. Raises `InvalidInput` if it is required but missing, or given twice."""
        given = request.query.getall(self.name, [])
        if len(given) > 1:
            raise InvalidInput(f"Query parameter `{self.name}` must be given only once.")
        if self.required and not (given and given[0]):
            raise InvalidInput(f"Query parameter `{self.name}` is required.")
        return given[0] if given else None

    def chosen(self, request: web.Request, words: Collection[W]) -> W | None:
        """The one of these words that the query gives, or None. Raises `InvalidInput` for any other."""
        given = self.given(request)
        if given is None:
            return None
        for word in words:
            if given == word:
                return word
        raise InvalidInput(f"Query parameter `{self.name}` must be one of {', '.join(words)}.")


@dataclass(frozen=True)
class Number(Parameter):
    """A whole number from `least` to `most`; `default` if it is omitted."""

    least: int = 0
    most: int = LARGEST
    default: int | None = None

    @property
    def schema(self) -> Mapping[str, Json]:
        """Its JSON Schema."""
        default: Mapping[str, Json] = {} if self.default is None else {"default": self.default}
        return {"type": "integer", "minimum": self.least, "maximum": self.most, **default}

    def of(self, request: web.Request, default: int | None = None) -> int:
        """Its value in the query; `default` overrides the parameter's own default. Raises `InvalidInput`."""
        given, default = self.given(request), self.default if default is None else default
        if given is None and default is not None:
            return default
        if given is None or not _NUMBER.fullmatch(given) or not self.least <= int(given) <= self.most:
            bounds = f"from {self.least} to {self.most:,}"
            raise InvalidInput(f"Query parameter `{self.name}` must be a whole number {bounds}, in digits only.")
        return int(given)


def check_known(request: web.Request, names: Collection[str]) -> None:
    """Raise `InvalidInput` if the query has any other parameter: its sender expects an effect that it would not have."""
    unknown = next((name for name in request.query if name not in names), None)
    if unknown is not None:
        named = f"parameter `{unknown}`" if _NAME.fullmatch(unknown) else "query parameter"
        known = f"known here: {', '.join(names)}" if names else "this address has no query parameters"
        raise InvalidInput(f"Unknown {named}; {known}.")


_CURSOR: Final[Mapping[str, Json]] = {"pattern": "^([0-9]{1,18}|[0-8][0-9]{18})$"}

LIMIT = Number("limit", "Maximum number of items.", least=1, most=LARGEST_LIMIT, default=DEFAULT_LIMIT)
OFFSET = Number("offset", "Number of items to skip.", default=0)
MOST_MESSAGES = Number("limit", "Maximum number of messages. If omitted: all.", least=1, most=LARGEST_LIMIT)
AT = Parameter(
    "at",
    "Return the state after this event of the codebase (its number) or at this time.",
    {"examples": ["42", "2025-12-10T22:00:00Z"]},
)
SESSION = Parameter("session_id", "The session whose messages to list.", required=True)
STATUS = Parameter("status", "List only tasks with this status.", {"enum": [*get_args(TaskStatus)]})
ORDER = Parameter(
    "order",
    "`newest` first, or the waiting tasks in the order of the `queue`, each with its `place`.",
    {"enum": [*get_args(TaskOrder)], "default": "newest"},
)
PERMISSION_STATUS = Parameter(
    "status",
    "List those that are `waiting` for an answer, or those that were `answered`.",
    {"enum": ["waiting", "answered"], "default": "waiting"},
)
WORDS = Parameter(
    "q",
    "The words to find, as a person types them.",
    {"maxLength": 500, "examples": ["total cart.py"]},
    required=True,
)
ONE_CODEBASE = Parameter("codebase", "Search only this codebase: its id or name.")
CHANGED_PATH = Parameter("path", "The file, as the list of changes names it.", required=True)
AFTER = Number("after", "List only events after this number.", default=0)
LOG_LIMIT = Number("limit", "Maximum number of events.", least=1, most=LARGEST_LIMIT, default=100)
LAST_EVENT_ID = Parameter(
    "Last-Event-ID", "Start after this event. Overrides `last_event_id`.", _CURSOR, place="header"
)
LAST_EVENT_ID_QUERY = Parameter("last_event_id", "Start after this event; 0 replays the whole history.", _CURSOR)
ONE_SESSION = Parameter("session_id", "Stream only this session, from its start.")
POSITION = Number("position", "The event's position in the whole log.", least=1, required=True)
SIZE = Number("size", "The size of the log, in events. If omitted: its current size.", least=1)
FROM = Number("from", "The smaller size, in events.", required=True)
TO = Number("to", "The larger size, in events. If omitted: the log's current size.")
UPTO = Number("to", "Export only the outputs of events up to this number. If omitted: all.", least=1)
RANGE = Parameter(
    "Range",
    "One range of bytes, such as `bytes=0-1023`. If omitted: all bytes.",
    {"pattern": "^bytes=([0-9]{1,15}-[0-9]{0,15}|-[0-9]{1,15})$"},
    place="header",
)

IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "A request that is repeated with the same key is executed once and gets the first response, also after a restart.",
    {"minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    place="header",
)
REQUEST_ID = Parameter(
    "X-Request-ID",
    "A name for this request: in the events that it causes, in the server's log, and in the response.",
    place="header",
)

PAGE: Final = (LIMIT, OFFSET)
WHOLE_STREAM: Final = (LAST_EVENT_ID, LAST_EVENT_ID_QUERY)
STREAM: Final = (*WHOLE_STREAM, ONE_SESSION)
