"""The events of external sessions: what others did with the agent's program in a codebase's directory."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from ..ids import AgentSessionId, OutputId, SessionId, Timestamp
from ..whole_output import Missing
from .event import Event, Json, kind
from .run import Output


@kind("session", "imported")
@dataclass(frozen=True, kw_only=True)
class SessionImported(Event):
    """An external session was imported, or more of it, or a newer state of it; its messages follow.

    - `started_at`, `ended_at`: when it began and was last changed. `ended_at` is absent while it seems to be `running`
      elsewhere.
    - `digests`: by the agent's ids, of the messages and of the session itself as they are recorded now.
    - `revision`: present once everything up to this revision is recorded.
    - `left_out`: the number of its messages so far that can't be recorded: too large, with an invalid id, or another
      session's.
    """

    status: Literal["completed", "failed", "stopped", "running"]
    agent_session_id: AgentSessionId
    parent_id: SessionId | None = None
    title: str
    prompt: str
    agent: str
    model: str | None = None
    started_at: Timestamp
    ended_at: Timestamp | None = None
    digests: Mapping[str, str]
    revision: str | None = None
    left_out: int | None = None
    imported: bool = True


@kind("session", "extended")
@dataclass(frozen=True, kw_only=True)
class SessionExtended(Event):
    """External messages in a session of this service were imported; they follow. Members as in the action `imported`."""

    agent_session_id: AgentSessionId
    digests: Mapping[str, str]
    revision: str | None = None
    left_out: int | None = None
    imported: bool = True


@kind("message_imported")
@dataclass(frozen=True, kw_only=True)
class MessageImported(Event):
    """An imported message, in its state when it was read; a later event with the same id has its newer state.

    `tools`: its calls, each with `tool`, `args`, `call_id`, `status` and `output`.
    """

    message_id: str
    role: Literal["user", "assistant"]
    content: str
    reasoning: str | None = None
    tools: tuple[Mapping[str, Json], ...] | None = None
    created_at: Timestamp
    agent: str | None = None
    model: str | None = None
    tokens: Mapping[str, int] | None = None
    cost: float | None = None
    error: str | None = None
    imported: bool = True


@kind("output_imported")
@dataclass(frozen=True, kw_only=True)
class OutputImported(Event):
    """The whole output of a tool call in an imported message, which has only a part of it.

    It follows the `message_imported` event. `message_id`, `call_id`: which call. The other members are those of a
    `tool_result`.
    """

    message_id: str
    tool: str
    call_id: str
    whole_id: OutputId | None = None
    whole_bytes: int | None = None
    whole_sha256: str | None = None
    whole_kept: int | None = None
    whole_kept_sha256: str | None = None
    whole_missing: Missing | None = None
    imported: bool = True


LONG = 32_000
"""Characters of imported text from which on masking takes a while."""

_EACH = 5
"""Characters that each value counts in addition: many small values take a while, too."""


def is_long(events: Iterable[Event]) -> bool:
    """Whether these events have so much imported text that recording it may hold up other work."""
    left = LONG
    waiting: list[object] = [vars(event) for event in events if isinstance(event, _IMPORTED)]
    while waiting and left >= 0:
        left -= _EACH
        match value := waiting.pop():
            case str():
                left -= len(value)
            case Mapping() | tuple() | list() if _EACH * len(cast("Collection[object]", value)) > left:
                return True
            case Mapping():
                named = cast("Mapping[object, object]", value)
                waiting += (*named, *named.values())
            case tuple() | list():
                waiting += cast("Collection[object]", value)
            case _:
                pass
    return left < 0


_IMPORTED = (SessionImported, SessionExtended, MessageImported)

CONTENT_TOPICS = frozenset({Output.topic, MessageImported.topic})
"""Topics that never change an actor's state, and are not read to wake it: most of a history."""
