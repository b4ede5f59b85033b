"""Standard output as a sheet of lines: with colours on a terminal that wants them, and made visible whatever it is given."""

import json
import os
import shutil
import sys
from collections.abc import Iterable
from textwrap import wrap
from typing import Any, Final, TypeAlias

from ....domain.visible_text import visible_prose
from ..way_out import can_show, write_line

STYLES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
"""The styles by their codes. Only the colours that each terminal theme sets for itself are used."""

Piece: TypeAlias = tuple[str, str]
"""A text with its style: names of `STYLES`, separated by blanks. Empty for none."""

NARROWEST: Final = 20


SHORT: Final = 7
"""The characters of an id's end that are printed. An id's beginning is its time, so its end distinguishes ids."""


def short(identity: str) -> str:
    """An id as a person reads it."""
    return f"…{identity[-SHORT:]}" if len(identity) > SHORT + 5 else identity


class Paper:
    """Standard output. `width`: its columns, or None where no line is shortened. `colours`: whether it has any."""

    def __init__(self, *, no_color: bool = False) -> None:
        terminal = sys.stdout.isatty()
        self.width = max(NARROWEST, shutil.get_terminal_size().columns) if terminal else None
        self.colours = terminal and not no_color and wants_colours()

    def line(self, *pieces: Piece | str) -> None:
        """Print one line. Line breaks and other hidden characters of the texts are made visible."""
        parts = ((piece, "") if isinstance(piece, str) else piece for piece in pieces)
        write_line("".join(self._painted(text, style) for text, style in parts).rstrip())

    def identity(self, identity: str | None) -> str:
        """An id: shortened for a person, whole for a program."""
        if identity is None:
            return "-"
        return short(identity) if self.width is not None else identity

    def lines(self, lines: Iterable[Iterable[Piece]]) -> None:
        """Print lines."""
        for pieces in lines:
            self.line(*pieces)

    def hint(self, text: str) -> None:
        """A line that helps a person at a terminal, and would disturb a program."""
        for part in wrap(text, self.width) if self.width is not None else ():
            self.line((part, "dim"))

    def _painted(self, text: str, style: str) -> str:
        shown = sign(visible_prose(text, keep=""))
        codes = ";".join(STYLES[name] for name in style.split())
        return f"\x1b[{codes}m{shown}\x1b[0m" if codes and shown and self.colours else shown


def wants_colours() -> bool:
    """Whether the person's environment has nothing against colours."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def print_json(document: Any) -> None:
    """A JSON document on standard output: indented for people, in ASCII, so that it can't steer a terminal."""
    write_line(json.dumps(document, indent=2, ensure_ascii=sys.stdout.isatty()))


_PLAIN: Final = {"●": "*", "✔": "=", "✗": "x", "‖": "|", "○": "o", "…": "~", "·": "-", "−": "-", "▸": ">"}


def sign(text: str) -> str:
    """The text, with plainer signs where the terminal can't show the nicer ones."""
    return text if can_show(text) else "".join(_PLAIN.get(char, char) for char in text)
