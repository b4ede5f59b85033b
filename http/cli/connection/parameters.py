"""The options of every command for a service, as its help describes them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Group, Parameter

from . import options

CONNECTION: Final = Group("Service and output", sort_key=99)

Flag = Annotated[bool, Parameter(negative="", show_default=False, group=CONNECTION)]


@dataclass(frozen=True, kw_only=True)
class Options(options.Options):
    """Which service is asked, and how the answer is printed."""

    server: Annotated[str | None, Parameter(group=CONNECTION)] = None
    """The service's address. Default: LEDGER_URL, else that of the context, else http://127.0.0.1:8000."""

    context: Annotated[str | None, Parameter(group=CONNECTION)] = None
    """A context of `opencode-ledger login`. Default: LEDGER_CONTEXT, else the current one."""

    token_file: Annotated[Path | None, Parameter(group=CONNECTION)] = None
    """A file with the token in its first line. Default: LEDGER_TOKEN, else the context's token."""

    directory: Annotated[Path | None, Parameter(name=("--directory", "-C"), group=CONNECTION)] = None
    """Use the codebase of this directory, as if the command was started there."""

    json: Flag = False
    """Print JSON: one document, or a line for each event of a stream."""

    no_color: Flag = False
    """Print without colours, as with the variable NO_COLOR."""

    quiet: Annotated[bool, Parameter(name=("--quiet", "-q"), negative="", show_default=False, group=CONNECTION)] = False
    """Print only what was asked for: no headings, hints or totals."""


Connection = Annotated[Options | None, Parameter(name="*")]
"""The parameter of a command that takes these options."""

Text = Annotated[str | None, Parameter(allow_leading_hyphen=True)]
"""The value of an option that is a text: it may begin with a dash. `arguments.TEXTS` lists these options."""
