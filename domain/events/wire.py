"""Events as bytes: the JSON that the log keeps, the hash covers and the SSE `data` line carries.

An event is encoded once, when it is made. Old and foreign bytes stay readable:

- Unknown members are ignored.
- Old shapes are read in the newest (see `upcasting`).
- A kind that this version doesn't know becomes an `UnknownEvent`, never an error.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import ClassVar, TypeAlias, cast

import orjson

from ..ids import SessionId, TaskId, Timestamp
from . import REGISTRY, Event, Json
from .imported import CONTENT_TOPICS
from .members import WIRE_NAMES
from .recorded import NewEvent, RecordedEvent
from .upcasting import VERSION, upcast, version_of

MAX_DEPTH = 200
"""Levels of nesting that are recorded; the encoder's own limit is 254."""

_Maker: TypeAlias = Callable[..., Event]

_COMMON = ("session_id", "task_id", "timestamp", "correlation_id", "by", "via")


@dataclass(frozen=True, kw_only=True)
class UnknownEvent(Event):
    """A kind of event that this version doesn't know; its members are kept as they are."""

    topic: ClassVar[str] = "unknown"
    name: str
    members: dict[str, Json]


def encode(event: Event) -> NewEvent:
    """Encode an event for the store. Absent (None) members are left out."""
    members: dict[str, object] = {
        wire: value for name, wire in _NAMES[type(event)] if (value := getattr(event, name)) is not None
    }
    if event.action is not None:
        members = {"action": event.action, **members}
    if (version := version_of(event.topic, event.action)) > 1:
        members[VERSION] = version
    return NewEvent(topic=event.topic, data=_dump(members))


def decode(recorded: RecordedEvent) -> Event:
    """Decode a recorded event into its class, or into `UnknownEvent`."""
    content: Json = orjson.loads(recorded.data)
    written: dict[str, Json] = content if isinstance(content, dict) else {"content": content}
    members = upcast(recorded.topic, written)
    if members is None:
        return _unknown(recorded.topic, written)
    action = members.get("action")
    cls = REGISTRY.get((recorded.topic, None))
    if cls is None and isinstance(action, str):
        cls = REGISTRY.get((recorded.topic, action))
    if cls is None:
        return _unknown(recorded.topic, written)
    known = {name: _frozen(members[wire]) for name, wire in _NAMES[cls] if members.get(wire) is not None}
    if not _REQUIRED[cls] <= known.keys():
        return _unknown(recorded.topic, written)
    return cast(_Maker, cls)(**known)


def changes_state(recorded: RecordedEvent) -> bool:
    """Whether the event may change an actor's state; other events need not be read to wake the actor."""
    return recorded.topic not in CONTENT_TOPICS


def members_of(cls: type[Event]) -> tuple[tuple[str, str], ...]:
    """Pairs of an attribute and its member in the JSON, in the order of the JSON."""
    return _NAMES[cls]


def _unknown(topic: str, members: dict[str, Json]) -> UnknownEvent:
    session, task = members.get("session_id"), members.get("task_id")
    return UnknownEvent(
        name=topic,
        members=members,
        session_id=SessionId(session) if isinstance(session, str) else None,
        task_id=TaskId(task) if isinstance(task, str) else None,
        timestamp=Timestamp(str(members.get("timestamp", ""))),
    )


def _frozen(value: Json) -> object:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _names_of(cls: type[Event]) -> tuple[tuple[str, str], ...]:
    """Pairs of (attribute, member) in the order of the JSON: the kind's own members first, the common ones last."""
    own = [f.name for f in fields(cls) if f.name not in _COMMON]
    return tuple((name, WIRE_NAMES.get(name, name)) for name in (*own, *_COMMON))


def _required_of(cls: type[Event]) -> frozenset[str]:
    return frozenset(f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING)


_NAMES = {cls: _names_of(cls) for cls in REGISTRY.values()}
_REQUIRED = {cls: _required_of(cls) for cls in REGISTRY.values()}


def _dump(members: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(members)
    except TypeError:
        # An agent can print what JSON in UTF-8 can't hold: a lone surrogate, a huge integer, endless nesting.
        return orjson.dumps(_storable(members, MAX_DEPTH))


def _storable(value: object, depth: int) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if isinstance(value, dict | list | tuple) and depth == 0:
        return "…"
    if isinstance(value, dict):
        members = cast(Mapping[object, object], value)
        return {str(_storable(k, 1)): _storable(v, depth - 1) for k, v in members.items()}
    if isinstance(value, list | tuple):
        return [_storable(item, depth - 1) for item in cast(Sequence[object], value)]
    return value
