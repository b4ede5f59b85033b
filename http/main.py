"""The command line: `opencode-ledger serve`."""

import asyncio
import sys
from typing import Annotated

import structlog
from cyclopts import App, Parameter
from cyclopts.config import Env

from ..domain.errors import LedgerError
from .server import serve_until_told
from .settings import Settings

app = App(
    name="opencode-ledger",
    help="Run opencode agents on many codebases, watch them live, and prove later what happened.",
    config=Env("LEDGER_", command=False),
)


@app.command
def serve(settings: Annotated[Settings | None, Parameter(name="*")] = None) -> int:
    """Serve the API in the foreground until SIGTERM or SIGINT.

    When it is ready it prints one line on standard output:
    `opencode-ledger listening on http://127.0.0.1:PORT`. Everything else goes to standard error.
    """
    _log_to_stderr()
    try:
        return asyncio.run(serve_until_told(settings or Settings()))
    except asyncio.CancelledError:
        print("opencode-ledger: told twice; ended without waiting for the agents", file=sys.stderr)
        return 1
    except (LedgerError, OSError) as error:
        print(f"opencode-ledger: {error}", file=sys.stderr)
        return 1


def main() -> None:
    """The console script."""
    app()


def _log_to_stderr() -> None:
    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if terminal else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
