"""Where an agent may work: its codebase's own directory, as it is when a prompt is given and not when it was registered."""

import os
from collections.abc import Sequence
from pathlib import Path

from ...domain.errors import AgentError


def refuse_moved(directory: str, roots: Sequence[Path]) -> None:
    """Raise `AgentError` unless `directory` is there, is no link's way to another, and lies under one of `roots`.

    No roots allow any place. Blocking.
    """
    if os.path.realpath(directory) != directory or not Path(directory).is_dir():
        raise AgentError(
            "The codebase's directory is gone or leads elsewhere now; put it back, or delete the codebase.",
            "DIRECTORY_GONE",
        )
    if roots and not any(Path(directory).is_relative_to(os.path.realpath(root)) for root in roots):
        raise AgentError(
            "The codebase's directory lies outside the directories that this server may work in.", "DIRECTORY_OUTSIDE"
        )
