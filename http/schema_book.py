"""JSON Schemas of the shapes that go in and out, all made at once so that each stands once, under one name."""

from collections.abc import Iterable
from typing import Any, Final, cast

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from .event_schemas import event_types
from .schemas import RequestBody

REFERENCE: Final = "#/components/schemas/{model}"
EVENT: Final = "Event"


class _Exact(GenerateJsonSchema):
    """As pydantic has it, but what an answer may leave out isn't null either, and fields need no titles."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = schema["schema"]
        if self.mode == "serialization" and inner["type"] == "nullable" and schema.get("default", ...) is None:
            return self.generate_inner(cast(core_schema.NullableSchema, inner)["schema"])
        return super().default_schema(schema)

    def field_is_required(self, field: Any, total: bool) -> bool:
        # An answer's members with a default are those that it may leave out.
        return bool(field.get("required", total)) if "required" in field else field["schema"]["type"] != "default"

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schemas_of(shapes: Iterable[Any]) -> dict[str, Any]:
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
    return {**rest["$defs"], EVENT: event}


def _mode(shape: Any) -> JsonSchemaMode:
    return "validation" if isinstance(shape, type) and issubclass(shape, RequestBody) else "serialization"
