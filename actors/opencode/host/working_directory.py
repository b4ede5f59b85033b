"""Where an agent may work: its codebase's own directory, as it is when a prompt is given and not when it was registered."""

import os
from collections.abc import Sequence
from pathlib import Path

from ....domain.errors import AgentError, DirectoryHoldsData


def holds(directory: Path, data: Path | None) -> bool:
    """Whether a directory is the data directory, lies in it, or has it somewhere below, by whatever names. Blocking.

    Compared by what the system says they are: two real paths may lead to one place, as where it is mounted twice.
    """
    if data is None or not data.exists():
        return False
    real = data.resolve()
    return any(place.samefile(real) for place in (directory, *directory.parents)) or any(
        place.samefile(directory) for place in real.parents
    )


def refuse_moved(directory: str, roots: Sequence[Path], data: Path | None) -> None:
    """Raise `AgentError` unless `directory` is there, is no link's way to another, and lies under one of `roots`.

    No roots allow any place, but for where `data` is. Blocking.
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
    if holds(Path(directory), data):
        raise AgentError(DirectoryHoldsData().message, "DIRECTORY_HOLDS_DATA")
