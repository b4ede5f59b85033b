"""The schemas of the API's description, as far as the types of clients are made from them."""

from collections.abc import Mapping
from typing import Any, Final, cast

Schema = Mapping[str, Any]

_REFERENCE: Final = "#/components/schemas/"


def schemas_of(description: Mapping[str, Any]) -> Mapping[str, Schema]:
    """The named schemas of a description, by name, in the alphabet's order."""
    named = cast("Mapping[str, Schema]", description["components"]["schemas"])
    return {name: named[name] for name in sorted(named)}


def is_frame(schema: Schema) -> bool:
    """Whether it is an event of one name, with `id`, `event` and `data`."""
    return set(schema.get("properties", ())) == {"id", "event", "data"}


def event_name(frame: Schema) -> str:
    """The name of the event that a frame stands for."""
    return cast("str", frame["properties"]["event"]["const"])


def referred(schema: Schema) -> str | None:
    """The name of the schema that this one only refers to."""
    reference = schema.get("$ref")
    return cast("str", reference).removeprefix(_REFERENCE) if reference else None


def alternatives(schema: Schema) -> list[Schema]:
    """The schemas of which one holds; none where there is no choice."""
    return [*schema.get("oneOf", ()), *schema.get("anyOf", ())]


def chosen(schema: Schema) -> list[Any]:
    """The values of which it is one; none where it may be any."""
    return [schema["const"]] if "const" in schema else [*schema.get("enum", ())]


def order_of(schemas: Mapping[str, Schema]) -> list[str]:
    """The names, each after those that its schema refers to."""
    ordered: dict[str, None] = {}

    def add(name: str) -> None:
        if name not in ordered:
            for other in references(schemas[name]):
                add(other)
            ordered[name] = None

    for name in schemas:
        add(name)
    return list(ordered)


def references(schema: object) -> list[str]:
    """The names of all schemas that this one refers to, at any depth."""
    if isinstance(schema, list):
        return [name for item in cast("list[object]", schema) for name in references(item)]
    if not isinstance(schema, dict):
        return []
    members = cast("dict[str, object]", schema)
    reference = members.get("$ref")
    own = [reference.removeprefix(_REFERENCE)] if isinstance(reference, str) else []
    return own + [name for key, value in members.items() if key != "discriminator" for name in references(value)]
