"""The JSON Schemas of requests and responses. They are generated together, so that each has one name.

They are kept simple for client generators: no schema refers to itself, and none has a `default`, because generators treat
such a member as always present. The description of a member gives its default instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema, to_json

from ..web.bodies import RequestBody
from .event_frames import REFERENCE, frames_of
from .event_schemas import event_types

_PLAIN: Final = r"^[^\x00]*$"
_NOT_BLANK: Final = r"^[^\x00]*[^\s\x00][^\x00]*$"
_ANY: Final = "JsonValue"
_MAPS: Final = ("properties", "$defs")
_LISTS: Final = ("anyOf", "oneOf", "allOf")
_SINGLE: Final = ("items", "additionalProperties")


class _Exact(GenerateJsonSchema):
    """Pydantic's schemas, but optional members of a response are never null, and fields have no titles."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = schema["schema"]
        if self.mode == "serialization" and inner["type"] == "nullable" and schema.get("default", ...) is None:
            return self.generate_inner(cast(core_schema.NullableSchema, inner)["schema"])
        return super().default_schema(schema)

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        made = super().str_schema(schema)
        if self.mode == "validation":
            made["pattern"] = _NOT_BLANK if made.get("pattern") == r"\S" else made.get("pattern", _PLAIN)
        return made

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        made = super().dict_schema(schema)
        if "patternProperties" in made:  # few generators know it
            (made["additionalProperties"],) = made.pop("patternProperties").values()
            made["propertyNames"] = {"pattern": _PLAIN}
        return made

    def field_is_required(self, field: Any, total: bool) -> bool:
        # A response may omit its members that have a default.
        return bool(field.get("required", total)) if "required" in field else field["schema"]["type"] != "default"

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schemas_of(shapes: Sequence[Any]) -> dict[str, Any]:
    """The schemas of these shapes, of the shapes that they refer to, and of all events, by name."""
    events = event_types()
    inputs: list[tuple[int, JsonSchemaMode, TypeAdapter[Any]]] = [
        (number, _mode(shape), TypeAdapter(shape)) for number, shape in enumerate([*events.values(), *shapes])
    ]
    made, rest = TypeAdapter.json_schemas(inputs, ref_template=REFERENCE, schema_generator=_Exact)
    data = {kind: made[number, "serialization"] for number, kind in enumerate(events)}
    plain = {name: _plain(schema) for name, schema in rest["$defs"].items() if name != _ANY}
    return {**plain, **frames_of(cast(Mapping[tuple[str, str | None], Any], data))}


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without members that are useless or misleading for code generators."""
    if schema.get("$ref") == REFERENCE.format(model=_ANY):
        return {name: value for name, value in schema.items() if name not in ("$ref", "default")}
    made: dict[str, Any] = {name: _part(name, value) for name, value in schema.items()}
    made.pop("title", None)
    if made.get("additionalProperties") is True:  # the default; in TypeScript it would allow any member
        del made["additionalProperties"]
    default = made.pop("default", None)
    if default is not None:
        text = f"{made['description']} " if "description" in made else ""
        made["description"] = f"{text}Default: `{to_json(default).decode()}`."
    return made


def _part(name: str, value: Any) -> Any:
    if name in _MAPS:
        return {key: _plain(one) for key, one in value.items()}
    if name in _LISTS:
        return [_plain(one) for one in value]
    return _plain(cast("dict[str, Any]", value)) if name in _SINGLE and isinstance(value, dict) else value


def _mode(shape: Any) -> JsonSchemaMode:
    return "validation" if isinstance(shape, type) and issubclass(shape, RequestBody) else "serialization"
