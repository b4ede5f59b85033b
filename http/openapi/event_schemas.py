"""The `data` of every kind of event as types for schemas. They are derived from the events' own classes."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, Union, cast, get_args, get_origin

from pydantic import ConfigDict, JsonValue, with_config
from typing_extensions import TypedDict

from ...domain.events import REGISTRY, Event, Json
from ...domain.events.wire import members_of


@cache
def event_types() -> Mapping[tuple[str, str | None], Any]:
    """The type of the data of every kind of event, by topic and action."""
    return {kind: _type_of(cls) for kind, cls in REGISTRY.items()}


def _type_of(cls: type[Event]) -> Any:
    own = {field.name: field for field in fields(cls)}
    members: dict[str, Any] = {"action": Literal[cls.action]} if cls.action else {}
    members |= {wire: _member(own[name]) for name, wire in members_of(cls)}
    made = cast(Any, TypedDict)(f"{cls.__name__}Data", members)
    made.__doc__ = cleandoc(cls.__doc__ or "")
    # A later version may know more members.
    return with_config(ConfigDict(extra="allow"))(made)


def _member(field: Field[Any]) -> Any:
    """A member with a default may be absent: it is omitted if empty, and older events were recorded without it."""
    known = _known(field.type)
    return known if field.default is MISSING and field.default_factory is MISSING else NotRequired[known]


def _known(kind: Any) -> Any:
    """The type as pydantic takes it. It can't resolve our recursive `Json`, and null is never sent."""
    if kind == Json:
        return JsonValue
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return cast(Any, Union)[tuple(_known(part) for part in parts if part is not NoneType)]
    if origin is Mapping:
        return cast(Any, dict)[str, _known(parts[1])]
    return cast(Any, list)[_known(parts[0])] if origin is tuple else kind
