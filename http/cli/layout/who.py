"""Who did it: a column of a table, where the names say more than that it was a person of this machine."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .paper import Piece
from .table import Column, Row

TITLE: Final = "BY"


def name(item: Mapping[str, Any]) -> str:
    """Who started a session or created a task. Empty for anyone on this machine, and where it is not recorded."""
    by = item.get("by")
    return "" if by in (None, "local") else str(by)


def without_names(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[list[Column], list[list[Piece | str]]]:
    """The table as it is, or without the column of names if there is none."""
    place = next(number for number, column in enumerate(columns) if column.title == TITLE)
    if any(row[place] for row in rows):
        return [*columns], [[*row] for row in rows]
    kept = [number for number in range(len(columns)) if number != place]
    return [columns[number] for number in kept], [[row[number] for number in kept] for row in rows]
