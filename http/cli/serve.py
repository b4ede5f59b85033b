"""`opencode-ledger serve`: the server in the foreground."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from ...domain.errors import LedgerError
from ...domain.secrets.masker import Secrets
from ..logs import log_to_stderr
from ..server import serve_until_signalled
from ..settings import Settings
from .page_opening import open_page
from .way_out import complain


def serve(
    *,
    open_: Annotated[bool, Parameter(name="--open", negative="", show_default=False, show_env_var=False)] = False,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> int:
    """Run the server in the foreground until SIGTERM or SIGINT.

    When the server is ready, it prints one line to standard output:
    `opencode-ledger listening on http://127.0.0.1:PORT`. All other output goes to standard error.

    The first signal interrupts the running agents, records that in the log, and stops the server within 10 seconds. A
    second signal stops the server at once.

    Parameters
    ----------
    open_
        Open the page in your browser when the server is ready. Where there is no browser, nothing happens.

    """
    secrets = Secrets()
    log_to_stderr(secrets)
    try:
        asyncio.run(
            serve_until_signalled(settings or Settings(), secrets=secrets, on_ready=open_page if open_ else None)
        )
    except (LedgerError, OSError) as error:
        complain(f"opencode-ledger: {error}")
        return 1
    return 0
