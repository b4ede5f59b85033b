"""Reading JSON that others wrote: nothing here raises, whatever the shape; what doesn't fit reads as empty."""

from collections.abc import Mapping
from typing import TypeAlias, cast

from .events import Json

Fields: TypeAlias = Mapping[str, object]
"""A JSON object, its members not yet looked at."""

_NONE: Fields = {}


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


def whole(value: object) -> int:
    """A number without its fraction; 0 for anything else."""
    return int(number(value))


def json_of(value: object) -> dict[str, Json]:
    """The members of an object that was read from JSON, to be kept as they are."""
    return cast("dict[str, Json]", value) if isinstance(value, dict) else {}
