"""The command line, `opencode-ledger`. Every error is one sentence that says what to do."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, ArgumentCollection, CycloptsError, Parameter
from cyclopts.config import Env

from ...domain.errors import LedgerError
from ...domain.secrets.masker import Secrets
from ..logs import log_nothing, log_to_stderr
from ..offline.backup import back_up
from ..offline.backup import restore as put_back
from ..server import serve_until_signalled
from ..settings import Data, Settings, default_data
from . import audit
from .erase import erase
from .progress import progress
from .screen import Terminal
from .usage_errors import sentence_of
from .way_out import complain, say, show_all


class Environment(Env):
    """Reads the options of `serve` from the environment, but of other commands only `--data`.

    So an inherited variable can never choose what is erased. `--new-proofs` is for one start, and a variable in a unit
    would give it to every start.
    """

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Add the values from the environment."""
        serves = commands == ("serve",)
        mine = (one for one in arguments if one.name == "--data" or (serves and one.name != "--new-proofs"))
        super().__call__(app, commands, ArgumentCollection(mine))  # type: ignore[no-untyped-call]  # it is a list


app = App(
    name="opencode-ledger",
    help="""Run opencode agents on many codebases, watch them live, and prove later what happened.

    Exit codes: 0 success. 1 verification failed, or the server could not run. 2 invalid arguments, not found, or not
    possible in the current state. 130 interrupted.""",
    config=Environment("LEDGER_", command=False),
    default_parameter=Parameter(show_env_var=False),
    console=Terminal(),
    error_console=Terminal(stderr=True),
)


app.command(audit.app)
app.command(erase)


@app.command(default_parameter=Parameter(show_env_var=True))
def serve(*, settings: Annotated[Settings | None, Parameter(name="*")] = None) -> int:
    """Run the server in the foreground until SIGTERM or SIGINT.

    When the server is ready, it prints one line to standard output:
    `opencode-ledger listening on http://127.0.0.1:PORT`. All other output goes to standard error.

    The first signal interrupts the running agents, records that in the log, and stops the server within 10 seconds. A
    second signal stops the server at once.
    """
    secrets = Secrets()
    log_to_stderr(secrets)
    try:
        asyncio.run(serve_until_signalled(settings or Settings(), secrets=secrets))
    except (LedgerError, OSError) as error:
        _complain(str(error))
        return 1
    return 0


@app.command
def backup(into: Path, /, *, data: Data = None) -> int:
    """Copy the log, its tree, outputs and key to a new directory, and verify the copy. The server may run meanwhile.

    Exit code 1: the copy failed verification. It is kept so that you can inspect it.

    Example: `opencode-ledger backup /backup/2026-01-31`

    Parameters
    ----------
    into
        The directory to create. It will hold a private key: protect it like the log itself.
    data
        The data directory. Default: ~/.opencode-ledger.

    """
    with progress("copying") as report:
        verdict = back_up(data or default_data(), into, report)
    audit.print_verdict(verdict, trusted=False)
    say(f"copy   {into}")
    return 0 if verdict.sound else 1


@app.command
def restore(backup: Path, /, *, data: Data = None) -> int:
    """Verify a backup, and copy it into a data directory that has no log.

    Existing files are never overwritten: move an old log away first. Exit code 1: the backup failed verification, and
    nothing was restored.

    Example: `opencode-ledger restore /backup/2026-01-31 --data /var/lib/opencode-ledger`

    Parameters
    ----------
    backup
        A directory that `opencode-ledger backup` created.
    data
        The data directory to restore into. Default: ~/.opencode-ledger.

    """
    with progress("restoring") as report:
        verdict = put_back(backup, data or default_data(), report)
    audit.print_verdict(verdict, trusted=False)
    if not verdict.sound:
        _complain("Nothing was restored.")
        return 1
    say(f"data   {data or default_data()}")
    return 0


def main() -> None:
    """The console script, with the exit codes that its help lists."""
    show_all()
    log_nothing()
    try:
        app(sys.argv[1:], exit_on_error=False, print_error=False)
    except CycloptsError as error:
        _complain(sentence_of(error))
        sys.exit(2)
    except LedgerError as error:
        _complain(error.message)
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone: nothing is flushed
        sys.exit(2)
    except OSError as error:
        _complain(f"{error.filename or 'A file'} can't be used: {error.strerror}.")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _complain(sentence: str) -> None:
    complain(f"opencode-ledger: {sentence}")
