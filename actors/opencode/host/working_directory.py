"""Where an agent may work: in its codebase's own directory.

What counts is the directory at the time of the prompt, and not at the registration.
"""

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


def unusable(directory: str) -> str | None:
    """Why opencode can't work in a directory of this name, in words; None where it can."""
    try:
        directory.encode()
    except UnicodeEncodeError:
        return "is not UTF-8, which neither JSON nor opencode can name"
    return "has a backslash, which opencode takes for a slash" if "\\" in directory else None


def refuse_moved(directory: str, roots: Sequence[Path], data: Path | None) -> None:
    """Raise `AgentError` unless `directory` is there, is no link's way to another, and lies under one of `roots`.

    No roots allow any place, but for where `data` is. Blocking.
    """
    if os.path.realpath(directory) != directory or not Path(directory).is_dir():
        raise AgentError(
            "The codebase's directory is gone or leads elsewhere now; put it back, or delete the codebase.",
            code="DIRECTORY_GONE",
        )
    if why := unusable(directory):
        raise AgentError(
            f"The codebase's path {why}: rename the directory and register it again.", code="DIRECTORY_UNUSABLE"
        )
    if roots and not any(Path(directory).is_relative_to(os.path.realpath(root)) for root in roots):
        raise AgentError(
            "The codebase's directory lies outside the directories that this server may work in.",
            code="DIRECTORY_OUTSIDE",
        )
    if holds(Path(directory), data):
        raise AgentError(DirectoryHoldsData().message, code="DIRECTORY_HOLDS_DATA")
