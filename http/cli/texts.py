"""Texts that a person gives to a command: as an argument, in a file, or on standard input."""

import os
import sys
from pathlib import Path

from .failures import CommandFailed


def given_text(argument: str | None, file: Path | None, what: str) -> str:
    """The text. Raises `CommandFailed` if there is none, or more than one."""
    if argument not in (None, "-") and file is not None:
        raise CommandFailed(f"Give {what} as an argument or with --file, not both.")
    if file is not None:
        text = _read(file)
    elif argument is not None and argument != "-":
        text = argument
    elif argument == "-" or not sys.stdin.isatty():
        text = _standard_input()
    else:
        raise CommandFailed(f"Give {what}: as an argument, with --file, or on standard input.")
    if not text.strip():
        raise CommandFailed(f"There is no text in {what}.")
    return text


def redirected() -> str | None:
    """The text on standard input, if it is redirected and holds any."""
    text = None if sys.stdin.isatty() else _standard_input()
    return text if text and text.strip() else None


def _standard_input() -> str:
    with os.fdopen(sys.stdin.fileno(), "rb", closefd=False) as given:
        return given.read().decode("utf-8", "replace")


def _read(file: Path) -> str:
    try:
        return file.expanduser().read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise CommandFailed(f"{file} can't be read: {error.strerror}.") from None
