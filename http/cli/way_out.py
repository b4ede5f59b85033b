"""The one way out of the command line: what it writes for people can't steer a terminal, whatever a log or an argument holds.

Standard output and standard error are replaced by streams that write every character out that `visible_text` has in its
table. Only a `Terminal` (see `screen`) writes past them: its own colours steer, and its texts are made visible before.
Bytes for other programs go out as they are, unless a person watches.
"""

import io
import sys
from collections.abc import Iterable
from typing import Any, TextIO, cast

from ...domain.visible_text import one_line, visible


class Shown:
    """A stream of text that shows all it is given. `past`: the stream that it writes to."""

    def __init__(self, past: TextIO) -> None:
        self.past = past
        if isinstance(past, io.TextIOWrapper):
            past.reconfigure(errors="backslashreplace")  # what a terminal has no sign for is written out, too

    def write(self, text: str) -> int:
        """Write a text, with what can't be seen made visible but for line feeds and tabs."""
        self.past.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """All else is the stream's own."""
        return getattr(self.past, name)


def show_all() -> None:
    """From now on all that is printed, and every traceback, goes this way."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Shown):
            setattr(sys, name, cast("TextIO", Shown(stream)))


def past_of(stream: TextIO) -> TextIO:
    """The stream behind one: for what has been made visible, and steers on purpose."""
    found: object = stream
    return found.past if isinstance(found, Shown) else stream


def say(sentence: str) -> None:
    """Print a line on standard output; it stays one whatever is in it."""
    sys.stdout.write(f"{one_line(sentence)}\n")


def complain(sentence: str) -> None:
    """Print a line on standard error; it stays one whatever is in it."""
    sys.stderr.write(f"{one_line(sentence)}\n")


def write_data(lines: Iterable[bytes]) -> None:
    """Write data on standard output: as it is for a file or a program, made visible for a terminal."""
    if sys.stdout.isatty():
        sys.stdout.writelines(line.decode("utf-8", "replace") for line in lines)
    else:
        past_of(sys.stdout).buffer.writelines(lines)
