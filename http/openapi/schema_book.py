"""JSON Schemas of the shapes that go in and out, all made at once so that each stands once, under one name."""

from collections.abc import Sequence
from typing import Any, Final, cast

import orjson
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from ..api.request_bodies import RequestBody
from ..web.bodies import MAX_NUMBER
from .event_schemas import event_types

REFERENCE: Final = "#/components/schemas/{model}"
EVENT: Final = "Event"

_PLAIN: Final = r"^[^\x00]*$"
_NOT_BLANK: Final = r"^[^\x00]*[^\s\x00][^\x00]*$"
_ANY: Final = REFERENCE.format(model="JsonValue")
_STORABLE: Final = REFERENCE.format(model="Storable")
STORABLE: Final = {
    "description": "Any JSON without NUL characters and numbers from 2^64 on; at most 32 levels deep.",
    "anyOf": [
        {"type": ["null", "boolean"]},
        {"type": "number", "exclusiveMinimum": -float(MAX_NUMBER), "exclusiveMaximum": float(MAX_NUMBER)},
        {"type": "string", "pattern": _PLAIN},
        {"type": "array", "items": {"$ref": _STORABLE}},
        {"type": "object", "propertyNames": {"pattern": _PLAIN}, "additionalProperties": {"$ref": _STORABLE}},
    ],
}
"""What `bodies` takes as JSON of the client's own, as far as a schema can tell."""


class _Exact(GenerateJsonSchema):
    """As pydantic has it, but what an answer may leave out isn't null either, and fields need no titles."""

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
        return {**made, "propertyNames": {"pattern": _PLAIN}} if self.mode == "validation" else made

    def field_is_required(self, field: Any, total: bool) -> bool:
        # An answer's members with a default are those that it may leave out.
        return bool(field.get("required", total)) if "required" in field else field["schema"]["type"] != "default"

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schemas_of(shapes: Sequence[Any]) -> dict[str, Any]:
    """The schemas of these shapes, of those that they refer to, and of all events, by name."""
    events = list(event_types().values())
    inputs: list[tuple[int, JsonSchemaMode, TypeAdapter[Any]]] = [
        (number, _mode(shape), TypeAdapter(shape)) for number, shape in enumerate([*events, *shapes])
    ]
    made, rest = TypeAdapter.json_schemas(inputs, ref_template=REFERENCE, schema_generator=_Exact)
    event = {
        "description": "The `data` of an event of a stream, by the event's name and the member `action`.",
        "anyOf": [made[number, _mode(shape)] for number, shape in enumerate(events)],
    }
    made_of = {shape.__name__: _told(rest["$defs"][shape.__name__]) for shape in shapes if _mode(shape) == "validation"}
    return {**rest["$defs"], **made_of, EVENT: event, "Storable": STORABLE}


def _told(body: dict[str, Any]) -> dict[str, Any]:
    """A request's schema, with what its client may put into it."""
    told: dict[str, Any] = orjson.loads(orjson.dumps(body).replace(_ANY.encode(), _STORABLE.encode()))
    return told


def _mode(shape: Any) -> JsonSchemaMode:
    return "validation" if isinstance(shape, type) and issubclass(shape, RequestBody) else "serialization"
