"""What is printed for people: wrapped where a terminal is, whole lines where another program reads, colour where wanted.

No line ends in blanks, and nothing that an agent said can steer a terminal.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from rich.console import Console
from rich.text import Text

_JOINERS: Final = "\u200c\u200d"
"""What isn't printable by itself, and belongs to words of some languages and to pictures."""


class Line(NamedTuple):
    """A line, and the column at which it goes on below where it is too long."""

    text: Text
    indent: int = 0


class Terminal(Console):
    """Standard output, as rich writes to it."""

    def on_broken_pipe(self) -> None:
        """Whoever read has enough: the command line ends as it does everywhere, with its own exit code."""
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
    """A line of text, parts of which have a style."""
    return Line(Text.assemble(*parts), indent)


def counted(number: int, thing: str) -> str:
    """How many of a thing."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def plain(text: str) -> str:
    """Text that can't steer a terminal, whatever an agent put in it."""
    return "".join(c if c.isprintable() or c in f"\n\t{_JOINERS}" else "�" for c in text).expandtabs(4)


def minute(timestamp: str) -> str:
    """A moment to the minute, in UTC."""
    return timestamp[:16].replace("T", " ")


def second(timestamp: str) -> str:
    """A moment to the second, saying that it is UTC."""
    return f"{timestamp[:19].replace('T', ' ')} UTC"
