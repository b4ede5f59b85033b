"""The command line, `opencode-ledger`. Every error is one sentence that says what to do.

Commands are named in `parsing.command_table`, and imported when they are called. What a person waits for most often needs no
parser either: see `QUICK`.
"""

import os
import sys
from typing import Final

from ...domain.errors import LedgerError
from .failures import CTRL_C, IMPOSSIBLE, NO_READER
from .late import loaded
from .parsing.arguments import arranged, simple_options
from .way_out import complain, open_missing, show_all

OFFLINE: Final = frozenset({"audit", "backup", "restore", "erase"})
"""Commands that read a log themselves, and report in words of their own what they can't read."""

COMPLETE: Final = "__complete"
"""What a shell's script calls. It reads the answer by its control characters; candidates are made visible before."""

QUICK: Final = {"ps": ".commands.codebase_list:print_codebases"}
"""Commands that run without the parser if they have none but the options of every command: what each does."""


def run(words: list[str]) -> None:
    """Run one command, and exit with its code."""
    try:
        if words and words[0] in QUICK and (options := simple_options(words[1:])) is not None:
            sys.exit(int(loaded(QUICK[words[0]])(options)))
        loaded(".parsing.command_table:run")(words)
    finally:
        sys.stdout.flush()  # so that a reader that has gone is noticed here


def main() -> None:
    """The console script, with the exit codes that its help lists."""
    open_missing()
    words = arranged(sys.argv[1:])
    if words[:1] != [COMPLETE]:
        show_all()
    if words and words[0] in OFFLINE:
        loaded("..logs:log_nothing")()
    try:
        run(words)
    except LedgerError as error:
        _complain(error.message)
        sys.exit(int(getattr(error, "exit_code", IMPOSSIBLE)))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone: nothing is flushed
        sys.exit(NO_READER)
    except OSError as error:
        _complain(f"{error.filename or 'A file'} can't be used: {error.strerror}.")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(CTRL_C)


def _complain(sentence: str) -> None:
    complain(f"opencode-ledger: {sentence}")
