"""All output of the command line. What it writes for people can't steer a terminal, whatever a log or an argument holds.

Standard output and standard error are replaced by streams that show every hidden character in the table of `visible_text`.
Only a `Terminal` (see `screen`) bypasses them: it makes its texts visible before, and its own colours may steer. Bytes for
other programs are written unchanged, unless standard output is a terminal.
"""

import io
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO, cast

from ...domain.visible_text import one_line, visible


class Shown:
    """A text stream that shows hidden characters. `underlying`: the stream that it writes to."""

    def __init__(self, stream: TextIO) -> None:
        self.underlying = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a character that the terminal can't show is escaped too

    def write(self, text: str) -> int:
        """Write a text with its hidden characters made visible, except line feeds and tabs."""
        self.underlying.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the underlying stream's own."""
        return getattr(self.underlying, name)


def open_missing() -> None:
    """Open the standard streams that were closed, on nothing. Else the next file or socket would be one of them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 open as long as the program


def show_all() -> None:
    """From now on, use these streams for everything that is printed, and for tracebacks."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, Shown):
            setattr(sys, name, cast("TextIO", Shown(stream)))


def underlying(stream: TextIO) -> TextIO:
    """The stream under a `Shown`: for text that was made visible already, and may steer on purpose."""
    found: object = stream
    return found.underlying if isinstance(found, Shown) else stream


def say(sentence: str) -> None:
    """Print one line to standard output. Line breaks in the sentence are made visible."""
    sys.stdout.write(f"{one_line(sentence)}\n")


def can_show(text: str) -> bool:
    """Whether standard output has a character for each of the text's."""
    encoding = getattr(underlying(sys.stdout), "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def write_line(line: str, *, flush: bool = False) -> None:
    """Write a line to standard output past what makes it visible: it is so already, and its own colours may steer."""
    underlying(sys.stdout).write(f"{line}\n")
    if flush:
        sys.stdout.flush()


def write_typed(text: str) -> None:
    """Show what a person types, at once. Its backspaces steer the terminal."""
    stream = underlying(sys.stdout)
    stream.write(text)
    stream.flush()


def complain(sentence: str) -> None:
    """Print one line to standard error. Line breaks in the sentence are made visible."""
    sys.stderr.write(f"{one_line(sentence)}\n")


def write_data(lines: Iterable[bytes]) -> None:
    """Write data to standard output: unchanged for a file or a program, made visible for a terminal."""
    if sys.stdout.isatty():
        sys.stdout.writelines(line.decode("utf-8", "replace") for line in lines)
    else:
        underlying(sys.stdout).buffer.writelines(lines)
