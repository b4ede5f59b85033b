"""Directories and files that clients name. What is checked is the real path, not its spelling."""

import os
from collections.abc import Sequence
from pathlib import Path

from ...actors.opencode.attachments import unfit
from ...actors.opencode.host.working_directory import holds, unusable
from ...domain.errors import Conflict, DirectoryHoldsData, InvalidInput, PathOutsideRoots
from ..settings import Settings


class DirectoryGone(Conflict):
    """The codebase's directory is gone or was moved; put it back, or delete the codebase."""

    code = "directory_gone"


def real_directory(path: str, settings: Settings) -> str:
    """The real path of an existing, readable directory where agents may work, as the settings say. Raises `LedgerError`."""
    roots = settings.allow_root
    if not Path(path).is_absolute():
        raise InvalidInput("`path` must be absolute, such as /home/user/my-app.")
    try:
        # Not strict yet: outside the roots, a client must not learn what exists.
        real = Path(path).resolve()
        if roots and not any(real.is_relative_to(root.resolve()) for root in roots):
            raise PathOutsideRoots
        real = real.resolve(strict=True)
        is_directory = real.is_dir()
    except (OSError, RuntimeError, ValueError):
        raise InvalidInput("`path` does not exist on the server's machine.") from None
    if why := unusable(str(real)):
        raise InvalidInput(f"`path` can't be used, because its real path {why}; rename the directory.")
    if not is_directory:
        raise InvalidInput("`path` must be a directory, not a file.")
    if not os.access(real, os.R_OK | os.X_OK):
        raise InvalidInput("`path` is not readable for the server.")
    if holds(real, settings.data):
        raise DirectoryHoldsData
    return str(real)


def check_unmoved(directory: str, settings: Settings) -> None:
    """Raise `LedgerError` unless a registered directory is unchanged and agents may still work in it."""
    try:
        unmoved = real_directory(directory, settings) == directory
    except InvalidInput:
        unmoved = False
    if not unmoved:
        raise DirectoryGone


def files_inside(directory: str, files: Sequence[str], settings: Settings) -> tuple[str, ...]:
    """The files as relative paths. Raises `InvalidInput` unless each exists inside the directory and is small enough."""
    return tuple(_file_inside(Path(directory), name, settings.attachment_size * 2**20) for name in files)


def _file_inside(directory: Path, name: str, limit: int) -> str:
    if Path(name).is_absolute():
        raise InvalidInput(f"`files` must hold paths relative to the codebase, not {name!r}.")
    try:
        real = (directory / name).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise InvalidInput(f"`files` names {name!r}, which does not exist in the codebase.") from None
    if real == directory:
        raise InvalidInput(f"`files` names {name!r}, which is the whole codebase; name files or folders inside it.")
    if not real.is_relative_to(directory):
        raise InvalidInput(f"`files` names {name!r}, which is outside the codebase.")
    try:
        why = unfit(real, limit)
    except OSError:
        raise InvalidInput(f"`files` names {name!r}, which does not exist in the codebase.") from None
    if why:
        raise InvalidInput(f"`files` names {name!r}, which {why}.")
    return os.path.normpath(name)
