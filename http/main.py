"""The command line: `opencode-ledger serve`. What goes wrong is told in one sentence that says what to do."""

import asyncio
import sys
from difflib import SequenceMatcher
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, CycloptsError, Parameter, UnknownOptionError, UnusedCliTokensError
from cyclopts.config import Env
from pydantic import ValidationError

from ..domain.errors import InvalidInput, LedgerError
from ..domain.secrets import Secrets
from . import audit
from .backup import back_up
from .backup import restore as put_back
from .complaints import complaint
from .logs import log_to_stderr
from .progress import progress
from .server import serve_until_told
from .settings import Settings, usual_data

ALIKE: Final = 0.6
"""From 0 to 1: how alike an option must be to what was typed, to be offered instead of it."""

app = App(
    name="opencode-ledger",
    help="Run opencode agents on many codebases, watch them live, and prove later what happened.",
    config=Env("LEDGER_", command=False),
)


app.command(audit.app)


@app.command
def serve(*, settings: Annotated[Settings | None, Parameter(name="*")] = None) -> int:
    """Serve the API in the foreground until SIGTERM or SIGINT.

    When it is ready it prints one line on standard output:
    `opencode-ledger listening on http://127.0.0.1:PORT`. Everything else goes to standard error.

    The first signal interrupts the running agents, records it and ends within 10 seconds; a second one ends at once.
    """
    secrets = Secrets()
    log_to_stderr(secrets)
    try:
        asyncio.run(serve_until_told(settings or Settings(), secrets=secrets))
    except (LedgerError, OSError) as error:
        _complain(str(error))
        return 1
    return 0


@app.command
def backup(into: Path, *, data: Path | None = None) -> int:
    """Copy the log, its tree and its key into a new directory, also while a server writes, and verify the copy.

    Parameters
    ----------
    into
        The directory to make. It holds a private key: keep it as safe as the log itself.
    data
        The data directory; without it, the usual one.

    """
    with progress("copying") as told:
        verdict = back_up(data or usual_data(), into, told)
    audit.tell(verdict, trusted=False)
    return 0 if verdict.sound else 1


@app.command
def restore(backup: Path, *, data: Path | None = None) -> int:
    """Verify a backup, and put it in place of a data directory that has no log.

    Parameters
    ----------
    backup
        A directory that `opencode-ledger backup` made.
    data
        The data directory to make; without it, the usual one.

    """
    with progress("restoring") as told:
        verdict = put_back(backup, data or usual_data(), told)
    audit.tell(verdict, trusted=False)
    return 0


def main() -> None:
    """The console script. Exit codes: 0 ended as told, 1 could not serve, 2 asked for what there isn't."""
    try:
        app(sys.argv[1:], exit_on_error=False, print_error=False)
    except CycloptsError as error:
        _complain(f"{_sentence(error)} See: opencode-ledger serve --help")
        sys.exit(2)
    except (LedgerError, OSError) as error:
        _complain(str(error))
        sys.exit(2 if isinstance(error, InvalidInput) else 1)


def _complain(sentence: str) -> None:
    print(f"opencode-ledger: {sentence}", file=sys.stderr)


def _sentence(error: CycloptsError) -> str:
    if isinstance(error.__cause__, ValidationError):
        return _bad_value(error.__cause__)
    if isinstance(error, UnusedCliTokensError):
        return f"Not understood: {' '.join(error.unused_tokens or [])}."
    told = " ".join(str(error).split())
    if isinstance(error, UnknownOptionError) and not _alike(error.token.keyword or error.token.value, told):
        return told.partition(" Did you mean")[0]
    return told


def _alike(given: str, told: str) -> bool:
    """Whether what the sentence offers instead is like what was given: the dashes alone, which all options have, are not."""
    offered = told.rpartition(" ")[2].strip("-?")
    return SequenceMatcher(None, given.strip("-"), offered).ratio() >= ALIKE


def _bad_value(error: ValidationError) -> str:
    """The first complaint, with the names under which the value may have been given."""
    problem = error.errors(include_url=False)[0]
    what = complaint(problem)
    given = "" if problem["type"] == "value_error" else f", not {problem['input']!r}"
    if not problem["loc"]:
        return f"{what}."
    name = str(problem["loc"][0])
    return f"--{name.replace('_', '-')} (LEDGER_{name.upper()}): {what}{given}."
