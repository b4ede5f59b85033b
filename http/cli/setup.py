"""`opencode-ledger setup`: fetches the opencode that this version is tested with."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..setup.fetch import fetch_tools
from ..setup.opencode import VERSION
from ..setup.place import tools_dir
from ..setup.programs import SetupFailed
from .way_out import complain, say


def setup(*, into: Annotated[Path | None, Parameter(show_default=False)] = None) -> int:
    """Fetch opencode, at the version that this service is tested with. `serve` then finds it by itself.

    A matching opencode on your PATH is copied. Otherwise npm downloads it. If npm is missing, it is fetched too. If
    everything is in place, this command ends at once.

    Exit code 1: opencode could not be fetched; standard error says what to do.

    Parameters
    ----------
    into
        The directory to put it in. Default: where `serve` looks, `opencode-ledger/tools` in your data directory
        (~/.local/share). With another one, start `serve --opencode-binary DIRECTORY/bin/opencode`.

    """
    try:
        binary = fetch_tools((into or tools_dir()).expanduser().absolute(), _progress)
    except SetupFailed as failure:
        complain(f"opencode-ledger: {failure}.")
        complain(failure.advice)
        return 1
    say(f"opencode {VERSION}  {binary}")
    return 0


def _progress(line: str) -> None:
    complain(f"setup: {line}")
