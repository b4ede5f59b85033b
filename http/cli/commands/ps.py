"""`opencode-ledger ps`: the codebases and what their agents are doing."""

from ..connection.parameters import Connection, Options
from .codebase_list import print_codebases


def ps(*, at: str | None = None, options: Connection = None) -> int:
    """List the codebases: what each agent is doing, since when, how many tasks wait, and the cost.

    Those that need you come first. SESSION shows the last prompt, or what an agent asks, or why it failed.

    Example: `opencode-ledger ps`

    Parameters
    ----------
    at
        Show what the agents were doing at this time (08:15, or 2026-01-31T12:00:00Z). What it had cost is not known then,
        and codebases that were removed since are left out.

    """
    return print_codebases(options or Options(), at)
