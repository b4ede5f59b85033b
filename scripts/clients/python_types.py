"""The types of the Python client: a module of typed dictionaries, made from the API's description."""

import keyword
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from textwrap import indent
from typing import Any, Final

from .shapes import Schema, alternatives, chosen, event_name, is_frame, order_of, referred, schemas_of

HEAD: Final = '''"""What the service sends and takes, as types. Made by `python -m scripts.clients` from the API's description.

They are typed dictionaries: what comes over the wire is used as it is. A later service may send more members and events.
"""

from typing import Literal, NotRequired, TypeAlias, TypedDict

from .event import Event
'''

_PLAIN: Final = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
}


def module(description: Mapping[str, Any]) -> str:
    """The module's text, not yet formatted."""
    schemas = schemas_of(description)
    parts = [_definition(name, schemas[name]) for name in order_of(schemas)]
    return "\n\n".join((HEAD, *parts)) + "\n"


def _definition(name: str, schema: Schema) -> str:
    if is_frame(schema):
        kind = f"Event[Literal[{event_name(schema)!r}], {type_of(schema['properties']['data'])}]"
        return _alias(name, kind, schema)
    if name == "Event":
        return _alias("AnyEvent", type_of(schema), schema)
    if schema.get("type") != "object" or "properties" not in schema:
        return _alias(name, type_of(schema), schema)
    if any(keyword.iskeyword(member) for member in schema["properties"]):
        return _by_call(name, schema)
    body = "\n".join(f"{member}: {kind}" for member, kind in _members(schema))
    return f"class {name}(TypedDict):\n{indent(_doc(schema), '    ')}\n\n{indent(body, '    ')}\n"


def _by_call(name: str, schema: Schema) -> str:
    """For members that Python's syntax has another meaning for."""
    members = ", ".join(f"{member!r}: {kind}" for member, kind in _members(schema))
    return f"{name} = TypedDict({name!r}, {{{members}}})\n{_doc(schema)}\n"


def _alias(name: str, kind: str, schema: Schema) -> str:
    return f"{name}: TypeAlias = {kind}\n{_doc(schema)}\n"


def _doc(schema: Schema) -> str:
    text = cleandoc(schema.get("description", "")).replace("\\", "\\\\")
    end = "\n" if "\n" in text else ""
    return f'"""{text}{end}"""'


def _members(schema: Schema) -> Iterator[tuple[str, str]]:
    required = schema.get("required", ())
    for member, its in schema["properties"].items():
        kind = type_of(its)
        yield member, kind if member in required else f"NotRequired[{kind}]"


def type_of(schema: Schema) -> str:
    """A schema as a Python type."""
    if (name := referred(schema)) is not None:
        return name
    if values := chosen(schema):
        return f"Literal[{', '.join(map(repr, values))}]"
    if choices := alternatives(schema):
        return " | ".join(dict.fromkeys(type_of(choice) for choice in choices))
    match schema.get("type"):
        case "array":
            return f"list[{type_of(schema['items'])}]"
        case "object":
            return f"dict[str, {type_of(schema.get('additionalProperties', {}))}]"
        case None:
            return "object"
        case plain:
            return _PLAIN[plain]
