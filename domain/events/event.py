"""What every event is: a frozen class, registered under its name on the wire.

An event's topic is its name on the SSE stream, and its fields are the members of the SSE `data`. Where several
kinds of event share a topic, the member `action` distinguishes them. Nothing here knows JSON: see `wire`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, Self, TypeAlias, TypedDict, TypeVar

from ..ids import SessionId, TaskId, Timestamp

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""Any value that JSON can hold."""


class Cause(NamedTuple):
    """What an event says of its cause: the request, who sent it, and the credential that vouches for that name.

    `by` and `via` are names, as in `principals`. All are None where nobody asked for the event.
    """

    correlation_id: str | None = None
    by: str | None = None
    via: str | None = None


NOBODY = Cause()
"""The cause of what happens by itself."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One fact in a codebase's stream. `session_id` and `task_id` are absent where it belongs to none.

    - `correlation_id`: the request that caused it; absent where no request did.
    - `by`: who caused it; absent where nobody did, and in logs from before 0.2.
    - `via`: the credential that vouches for this name, where it is another's.
    """

    topic: ClassVar[str]
    action: ClassVar[str | None] = None

    session_id: SessionId | None = None
    task_id: TaskId | None = None
    timestamp: Timestamp
    correlation_id: str | None = None
    by: str | None = None
    via: str | None = None

    @property
    def cause(self) -> Cause:
        """Who or what caused it."""
        return Cause(self.correlation_id, self.by, self.via)

    def caused_by(self, cause: Cause) -> Self:
        """The same event with this cause."""
        return replace(self, correlation_id=cause.correlation_id, by=cause.by, via=cause.via)


class Common(TypedDict):
    """The members that every event has when it is decided, as keyword arguments."""

    session_id: SessionId | None
    task_id: TaskId | None
    timestamp: Timestamp


REGISTRY: dict[tuple[str, str | None], type[Event]] = {}
"""Every kind of event by its topic and action; `wire` uses it to decode events."""

E = TypeVar("E", bound=type[Event])


def kind(topic: str, action: str | None = None) -> Callable[[E], E]:
    """Register a class of events under the name it has on the wire."""

    def register(cls: E) -> E:
        cls.topic, cls.action = topic, action
        REGISTRY[topic, action] = cls
        return cls

    return register
