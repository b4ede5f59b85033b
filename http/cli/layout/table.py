"""Tables that fit the width: long texts are shortened, and where that isn't enough the least important columns go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size

from ....domain.visible_text import visible_prose
from .paper import Piece

GAP: Final = "  "
ELLIPSIS: Final = "…"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column. `right`: numbers. `least`: the width to which it may be shortened; None for never.

    `rank`: columns with a higher one go first where there is no room; those with 0 always stay.
    """

    title: str
    right: bool = False
    least: int | None = None
    rank: int = 0


Row = Sequence[Piece | str]


def table(
    columns: Sequence[Column], rows: Sequence[Row], width: int | None, *, titles: bool = True
) -> Iterator[list[Piece]]:
    """The lines of a table. `width`: of the terminal; None where nothing is shortened or left out."""
    cells = [[_visible(piece) for piece in row] for row in rows]
    if titles:
        cells.insert(0, [(column.title, "bold") for column in columns])
    shown = list(range(len(columns)))
    while True:
        widths = {number: max((_cells(row[number][0]) for row in cells), default=0) for number in shown}
        if width is None or _fits(widths, columns, width):
            break
        droppable = [number for number in shown if columns[number].rank]
        if not droppable:
            break
        shown.remove(max(droppable, key=lambda number: columns[number].rank))
    for row in cells:
        yield list(_line(row, shown, widths, columns))


def _visible(piece: Piece | str) -> Piece:
    """Made visible before it is measured: a hidden character is longer in its visible form."""
    text, style = (piece, "") if isinstance(piece, str) else piece
    return visible_prose(text, keep=""), style


def _cells(text: str) -> int:
    return cell_len(text)


def _fits(widths: dict[int, int], columns: Sequence[Column], width: int) -> bool:
    """Whether it fits, after shortening what may be: the widest first."""
    over = sum(widths.values()) + len(GAP) * (len(widths) - 1) - width
    while over > 0:
        loose = {number: size for number, size in widths.items() if _slack(columns[number], size) > 0}
        if not loose:
            return False
        widest = max(loose, key=lambda number: loose[number])
        others = [size for number, size in loose.items() if number != widest]
        step = min(over, _slack(columns[widest], widths[widest]), max(1, widths[widest] - max(others, default=0)))
        widths[widest] -= step
        over -= step
    return True


def _slack(column: Column, size: int) -> int:
    return size - column.least if column.least is not None else 0


def _line(
    row: Sequence[Piece], shown: Sequence[int], widths: dict[int, int], columns: Sequence[Column]
) -> Iterator[Piece]:
    for place, number in enumerate(shown):
        text, style = row[number]
        if place:
            yield GAP, ""
        cut = fitted(text, widths[number])
        blank = " " * (widths[number] - _cells(cut))
        yield from ((blank, ""), (cut, style)) if columns[number].right else ((cut, style), (blank, ""))


def fitted(text: str, width: int) -> str:
    """The text, shortened to a number of terminal cells."""
    if _cells(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + ELLIPSIS if width > 0 else ""
