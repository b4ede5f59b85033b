"""The types of the JavaScript client: interfaces, made from the API's description."""

import json
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any, Final

from .shapes import Schema, alternatives, chosen, event_name, is_frame, order_of, referred, schemas_of

HEAD: Final = """// What the service sends and takes, as types. Made by `python -m scripts.clients` from the API's description.
// A later service may send more members and events.

/** An event. `id`: its number in the stream. `raw`: its data as the log has them, byte for byte. */
export interface LedgerEvent<Name extends string, Data> {
  id: number;
  event: Name;
  data: Data;
  raw: string;
}
"""

_PLAIN: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def module(description: Mapping[str, Any]) -> str:
    """The module's text."""
    schemas = schemas_of(description)
    return "\n".join((HEAD, *(_definition(name, schemas[name]) for name in order_of(schemas))))


def _definition(name: str, schema: Schema) -> str:
    doc = _doc(schema, "")
    if is_frame(schema):
        data = type_of(schema["properties"]["data"])
        return f"{doc}export type {name} = LedgerEvent<{json.dumps(event_name(schema))}, {data}>;\n"
    if schema.get("type") == "object" and "properties" in schema:
        body = "".join(f"{line}\n" for line in _members(schema))
        return f"{doc}export interface {name} {{\n{body}}}\n"
    return f"{doc}export type {'AnyEvent' if name == 'Event' else name} = {type_of(schema)};\n"


def _members(schema: Schema) -> Iterator[str]:
    required = schema.get("required", ())
    for member, its in schema["properties"].items():
        optional = "" if member in required else "?"
        yield f"  {member}{optional}: {type_of(its)};"


def _doc(schema: Schema, margin: str) -> str:
    lines = cleandoc(schema.get("description", "")).replace("*/", "* /").split("\n")
    if len(lines) == 1:
        return f"{margin}/** {lines[0]} */\n" if lines[0] else ""
    return "".join(f"{margin}{line}".rstrip() + "\n" for line in ("/**", *(f" * {line}" for line in lines), " */"))


def type_of(schema: Schema) -> str:
    """A schema as a TypeScript type."""
    if (name := referred(schema)) is not None:
        return name
    if values := chosen(schema):
        return " | ".join(json.dumps(value) for value in values)
    if choices := alternatives(schema):
        return " | ".join(dict.fromkeys(type_of(choice) for choice in choices))
    match schema.get("type"):
        case "array":
            return f"Array<{type_of(schema['items'])}>"
        case "object":
            return f"Record<string, {type_of(schema.get('additionalProperties', {}))}>"
        case None:
            return "unknown"
        case plain:
            return _PLAIN[plain]
