"""What is printed for people: wrapped where a terminal is, whole lines where another program reads, colour where wanted.

No line ends in blanks, and nothing that an agent said can steer a terminal.
"""

from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple, TextIO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from ...domain.visible_text import visible_prose
from .way_out import underlying


class Line(NamedTuple):
    """A line, and the column at which it goes on below where it is too long."""

    text: Text
    indent: int = 0


class Terminal(Console):
    """Standard output, or standard error, as rich writes to it: nothing steers it but rich's own colours."""

    @property
    def file(self) -> IO[str]:
        """Where the colours go, past what would write them out."""
        return underlying(cast("TextIO", super().file))

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        self._file = new_file

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """The pieces of what is printed, with all in them made visible that isn't rich's own."""
        for piece in super().render(renderable, options):
            yield piece if piece.control else piece._replace(text=visible_prose(piece.text))

    def on_broken_pipe(self) -> None:
        """The reader has gone: end as the command line always does, with its own exit code."""
        raise BrokenPipeError


class Screen:
    """Standard output. `width`: columns to wrap at; None where lines are never broken."""

    def __init__(self) -> None:
        self._console = Terminal(highlight=False)
        self.width = self._console.width if self._console.is_terminal else None

    def print(self, lines: Iterable[Line]) -> None:
        """Print lines."""
        for line in lines:
            for part in self._broken(line):
                part.rstrip()
                self._console.print(part, soft_wrap=True)

    def _broken(self, line: Line) -> Iterator[Text]:
        if self.width is None or line.text.cell_len <= self.width:
            yield line.text
            return
        hang = line.indent if line.indent < self.width - 20 else 0
        head, rest = line.text.divide([hang])
        for number, part in enumerate(rest.wrap(self._console, self.width - hang)):
            yield (Text(" " * hang) if number else head) + part


def line(*parts: str | tuple[str, str], indent: int = 0) -> Line:
    """A line of text, parts of which have a style; it stays one line whatever is in them."""
    shown = (_shown(part) if isinstance(part, str) else (_shown(part[0]), part[1]) for part in parts)
    return Line(Text.assemble(*shown), indent)


def _shown(text: str) -> str:
    return visible_prose(text, keep="")


def plain(text: str) -> str:
    """Text that can't steer a terminal, whatever an agent put in it."""
    return visible_prose(text).expandtabs(4)


def minute(timestamp: str) -> str:
    """A moment to the minute, in UTC."""
    return timestamp[:16].replace("T", " ")


def second(timestamp: str) -> str:
    """A moment to the second, saying that it is UTC."""
    return f"{timestamp[:19].replace('T', ' ')} UTC"
