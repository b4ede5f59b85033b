"""The terminal as a page: text flows in beside a column of labels piece by piece, whole lines stand under each other."""

import re
from collections.abc import Callable
from typing import Final

from rich.cells import cell_len, chop_cells
from rich.text import Text

from ..layout.paper import wants_colours
from ..layout.table import fitted
from ..screen import Terminal

_WORDS: Final = re.compile(r"\n|[^\S\n]+|\S+")
_LONGEST_LINE: Final = 120
_NARROWEST: Final = 12

LABEL: Final = 9
"""Columns of the labels: who speaks, or which tool is used."""


def terminal(*, no_color: bool) -> Terminal:
    """Standard output, with colours unless the person wants none."""
    plain = no_color or not wants_colours()
    return Terminal(highlight=False, color_system=None if plain else "auto")


class Page:
    """Writes to `console`. `margin`: what stands before the label of an event's first line, always of one width.

    Only the colours that every terminal theme sets for itself are used, so that it reads well on light and on dark.
    """

    def __init__(self, console: Terminal, margin: Callable[[int | None], str] = lambda _event: "") -> None:
        self.console = console
        self._margin = margin
        self._indent = len(margin(None)) + LABEL
        self._column = 0
        self._gap = ""

    @property
    def width(self) -> int:
        """The columns that lines may have now. Where no terminal is, text still wraps, as it comes piece by piece."""
        return max(min(self.console.width - 1, _LONGEST_LINE), self._indent + _NARROWEST)

    @property
    def room(self) -> int:
        """The columns beside the labels."""
        return self.width - self._indent

    def glyph(self, nice: str, plain: str) -> str:
        """The nicer of two signs, if the terminal can show it."""
        try:
            nice.encode(self.console.encoding)
        except (UnicodeEncodeError, LookupError):
            return plain
        return nice

    def flow(self, label: str, text: str, style: str = "", event: int | None = None) -> None:
        """Continue the open line, wrapping by words. If none is open, begin one with this label."""
        for word in _WORDS.findall(text):
            if word.isspace():
                self._blank(word)
                continue
            size = cell_len(word)
            if self._column + len(self._gap) + size > self.width and self._column > self._indent:
                self._newline()
            for place, piece in enumerate(chop_cells(word, self.room) if size > self.room else [word]):
                if place:
                    self._newline()
                self._begin(label, event)
                self._write(Text(self._gap + piece, style))
                self._column += cell_len(self._gap + piece)
                self._gap = ""

    def _blank(self, word: str) -> None:
        """Blanks are written with the word that follows, so that no line ends in them."""
        if word == "\n":
            if self._column:
                self._newline()
        elif self._column > self._indent:
            self._gap = word

    def _begin(self, label: str, event: int | None) -> None:
        if not self._column:
            self._write_label(label, event)
            self._column = self._indent

    def line(self, label: str, text: Text, event: int | None = None) -> None:
        """A line of its own, wrapped beside the labels."""
        self.end_line()
        for place, part in enumerate(text.wrap(self.console, self.room) or [Text()]):
            part.rstrip()
            self._write_label("" if place else label, None if place else event)
            self._write(Text.assemble(part, "\n"))

    def open_line(self, label: str, text: str, event: int | None = None) -> None:
        """A line that stays open for what follows it: see `close_line`."""
        self.end_line()
        self._write_label(label, event)
        shown = fitted(text, self.room)
        self._write(Text(shown))
        self._column = self._indent + cell_len(shown)

    def close_line(self, text: Text) -> None:
        """End the open line with this text at its right edge, or below it where there is no room."""
        if not (size := text.cell_len):
            self.end_line()
            return
        blank = self.width - self._column - size
        if blank < 2:
            self._newline()
            blank = max(0, self.width - self._indent - size)
        self._write(Text.assemble(" " * blank, text, "\n"))
        self._column = 0

    def aside(self, text: str, style: str) -> None:
        """A line that belongs to the one above: cut rather than wrapped."""
        self.line("", Text(f"  {fitted(text.expandtabs(4), self.room - 2)}", style, no_wrap=True))

    def plain(self, text: Text | str = "", style: str = "") -> None:
        """A line without a label."""
        self.end_line()
        self.console.print(Text(text, style) if isinstance(text, str) else text, highlight=False)

    def block(self, text: str, style: str, indent: int) -> None:
        """Lines without a label, wrapped, all of them indented."""
        for line in Text(text, style).wrap(self.console, max(self.width - indent, 20)):
            self.plain(Text.assemble(" " * indent, line))

    def end_line(self) -> None:
        """Close the line that is open, if one is."""
        if self._column:
            self._write(Text("\n"))
            self._column, self._gap = 0, ""

    def _newline(self) -> None:
        self._write(Text("\n" + " " * self._indent))
        self._column, self._gap = self._indent, ""

    def _write_label(self, label: str, event: int | None) -> None:
        tool = label.startswith(" ")
        shown = fitted(label, LABEL - 1)
        blank = " " * (LABEL - cell_len(shown))
        self._write(Text.assemble((self._margin(event), "dim"), (shown, "cyan" if tool else "bold"), blank))

    def _write(self, text: Text) -> None:
        self.console.print(text, end="", soft_wrap=True, highlight=False)
