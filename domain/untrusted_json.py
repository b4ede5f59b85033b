"""Reads JSON that others wrote, whatever its shape: what doesn't fit reads as empty. Only `decoded` raises."""

import re
from collections.abc import Mapping
from typing import Final, TypeAlias, cast

import orjson

from .events import Json

Fields: TypeAlias = Mapping[str, object]
"""A JSON object with unchecked members."""

_NONE: Fields = {}

_ESCAPES: Final = re.compile(
    rb"""\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)""", re.DOTALL
)
"""The escapes of a JSON text: a surrogate pair, half of a pair, or any other escape."""


def decoded(body: bytes) -> object:
    """The value of a JSON text. Raises `ValueError` for other text.

    Half of a surrogate pair reads as U+FFFD, since UTF-8 can't hold it. A text truncated in the middle of a character has
    one.
    """
    try:
        return cast(object, orjson.loads(body))
    except orjson.JSONDecodeError:
        return cast(object, orjson.loads(_ESCAPES.sub(lambda found: rb"\ufffd" if found[1] else found[0], body)))


def fields(value: object) -> Fields:
    """The members of an object; none for anything else."""
    return cast(Fields, value) if isinstance(value, dict) else _NONE


def items(value: object) -> list[object]:
    """The items of a list; none for anything else."""
    return cast("list[object]", value) if isinstance(value, list) else []


def text(value: object) -> str:
    """A string; empty for anything else."""
    return value if isinstance(value, str) else ""


def number(value: object) -> float:
    """A finite number; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if -1e300 < value < 1e300 else 0.0


def bounded(value: object, depth: int, length: int) -> Json:
    """JSON as it is, except that values deeper than `depth` are left out and texts are truncated to `length`."""
    match value:
        case str():
            return shortened(value, length)
        case dict():
            members = cast("dict[str, object]", value).items()
            return (
                {shortened(name, length): bounded(item, depth - 1, length) for name, item in members} if depth else "…"
            )
        case list():
            return [bounded(item, depth - 1, length) for item in cast("list[object]", value)] if depth else "…"
        case _:
            return cast(Json, value)


def shortened(said: str, length: int) -> str:
    """A text truncated to `length` characters, with the number of characters left out."""
    return said if len(said) <= length else f"{said[:length]}\n… ({len(said) - length} more characters)"


def whole(value: object) -> int:
    """A number without its fraction; 0 for anything else."""
    return int(number(value))


def json_of(value: object) -> dict[str, Json]:
    """The members of an object that was read from JSON, as they are."""
    return cast("dict[str, Json]", value) if isinstance(value, dict) else {}
