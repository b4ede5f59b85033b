"""The command line: `opencode-ledger serve`. What goes wrong is told in one sentence that says what to do."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, ArgumentCollection, CycloptsError, Parameter
from cyclopts.config import Env

from ...domain.errors import LedgerError
from ...domain.secrets.masker import Secrets
from ..logs import log_to_stderr
from ..offline.backup import back_up
from ..offline.backup import restore as put_back
from ..server import serve_until_told
from ..settings import Data, Settings, usual_data
from . import audit
from .erase import erase
from .progress import progress
from .screen import Terminal
from .usage_errors import sentence_of
from .way_out import complain, say, show_all


class Environment(Env):
    """Options of `serve` may come from the environment; elsewhere the data directory alone, so that none erases by it."""

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Add what the environment says."""
        mine = (one for one in arguments if commands == ("serve",) or one.name == "--data")
        super().__call__(app, commands, ArgumentCollection(mine))  # type: ignore[no-untyped-call]  # it is a list


app = App(
    name="opencode-ledger",
    help="""Run opencode agents on many codebases, watch them live, and prove later what happened.

    Exit codes: 0 done as told, or the log is sound; 1 the log is not what was recorded, or the service could not
    serve; 2 what was asked for is not understood, not there, or not possible now; 130 interrupted.""",
    config=Environment("LEDGER_", command=False),
    default_parameter=Parameter(show_env_var=False),
    console=Terminal(),
    error_console=Terminal(stderr=True),
)


app.command(audit.app)
app.command(erase)


@app.command(default_parameter=Parameter(show_env_var=True))
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
def backup(into: Path, *, data: Data = None) -> int:
    """Copy the log, its tree and its key into a new directory, also while a server writes, and verify the copy.

    Exit code 1 where the copy is not what was recorded; it is left for you to look at.

    Example: `opencode-ledger backup /backup/2026-01-31`

    Parameters
    ----------
    into
        The directory to make. It holds a private key: keep it as safe as the log itself.
    data
        The data directory; without it, ~/.opencode-ledger.

    """
    with progress("copying") as told:
        verdict = back_up(data or usual_data(), into, told)
    audit.tell(verdict, trusted=False)
    say(f"copy   {into}")
    return 0 if verdict.sound else 1


@app.command
def restore(backup: Path, *, data: Data = None) -> int:
    """Verify a backup, and put it in place of a data directory that has no log.

    Nothing is overwritten: move an old log away first. Exit code 1 where the backup is not what was recorded; then
    nothing is restored.

    Example: `opencode-ledger restore /backup/2026-01-31 --data /var/lib/opencode-ledger`

    Parameters
    ----------
    backup
        A directory that `opencode-ledger backup` made.
    data
        The data directory to make; without it, ~/.opencode-ledger.

    """
    with progress("restoring") as told:
        verdict = put_back(backup, data or usual_data(), told)
    audit.tell(verdict, trusted=False)
    if not verdict.sound:
        _complain("Nothing was restored.")
        return 1
    say(f"data   {data or usual_data()}")
    return 0


def main() -> None:
    """The console script, with the exit codes that its help tells."""
    show_all()
    try:
        app(sys.argv[1:], exit_on_error=False, print_error=False)
    except CycloptsError as error:
        _complain(sentence_of(error))
        sys.exit(2)
    except LedgerError as error:
        _complain(error.message)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read has enough: nothing is flushed
        sys.exit(2)
    except OSError as error:
        _complain(f"{error.filename or 'It'} can't be used: {error.strerror}.")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _complain(sentence: str) -> None:
    complain(f"opencode-ledger: {sentence}")
