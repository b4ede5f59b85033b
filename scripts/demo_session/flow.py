"""The terminal as a page with a margin: text flows in beside it piece by piece, whole lines stand under each other."""

import re
import time
from collections.abc import Callable

from rich.console import Console
from rich.text import Text

_WORDS = re.compile(r"\n|[^\S\n]+|\S+")
_WIDE = 64
_LONGEST_LINE = 108


class Page:
    """Writes to `console`. The margin holds the seconds since the beginning and, where there is room, an event's id.

    Only the colours that every terminal theme sets for itself are used, so that it reads well on light and on dark.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self._clock, self._began = clock, clock()
        self._room_for_ids = console.width >= _WIDE
        self._indent = 15 if self._room_for_ids else 8
        self._width = min(console.width - 1, _LONGEST_LINE)
        self._column = 0

    def glyph(self, nice: str, plain: str) -> str:
        """The nicer of two signs, if the terminal can show it."""
        try:
            nice.encode(self.console.encoding)
        except UnicodeEncodeError:
            return plain
        return nice

    def flow(self, text: str, style: str, event: int | None = None) -> None:
        """Go on with the open line, wrapping by words; begin one, with its margin, if none is open."""
        for word in _WORDS.findall(text):
            if word == "\n" or (self._column + len(word) > self._width and self._column > self._indent):
                self._newline()
            if word == "\n" or (word.isspace() and self._column in (0, self._indent)):
                continue
            if not self._column:
                self._margin(event)
                event = None
            self._write(Text(word, style))
            self._column += len(word)

    def line(self, text: Text, event: int | None = None) -> None:
        """A line of its own, wrapped beside the margin."""
        self.end_line()
        for part in text.wrap(self.console, max(self._width - self._indent, 20)):
            part.rstrip()
            self._margin(event, clock=event is not None)
            self._write(Text.assemble(part, "\n"))
            event = None
        self._column = 0

    def aside(self, text: str, style: str) -> None:
        """A line that belongs to the one above: cut rather than wrapped."""
        room = self._width - self._indent - 2
        shown = text if len(text) <= room else text[: room - 1] + self.glyph("…", "~")
        self.line(Text(f"  {shown}", style, no_wrap=True))

    def plain(self, text: Text | str = "", style: str = "") -> None:
        """A line without a margin."""
        self.end_line()
        self.console.print(Text(text, style) if isinstance(text, str) else text, highlight=False)

    def block(self, text: str, style: str, indent: int) -> None:
        """Lines without a margin, wrapped, all of them indented."""
        for line in Text(text, style).wrap(self.console, max(self._width - indent, 20)):
            self.plain(Text.assemble(" " * indent, line))

    def end_line(self) -> None:
        """Close the line that is open, if one is."""
        if self._column:
            self._write(Text("\n"))
            self._column = 0

    def _newline(self) -> None:
        self._write(Text("\n" + " " * self._indent))
        self._column = self._indent

    def _margin(self, event: int | None, *, clock: bool = True) -> None:
        seconds = f"{self._clock() - self._began:5.1f}s" if clock else ""
        number = f"{event}" if event and self._room_for_ids else ""
        self._write(Text(f"{seconds:>6}{number:>6}   " if self._room_for_ids else f"{seconds:>6}  ", "dim"))
        self._column = self._indent

    def _write(self, text: Text) -> None:
        self.console.print(text, end="", soft_wrap=True, highlight=False)
