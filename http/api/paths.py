"""Directories and files that clients name, checked by what they really are, not by how they are spelled."""

import os
from collections.abc import Sequence
from pathlib import Path

from ...actors.opencode.attachments import unfit
from ...actors.opencode.host.working_directory import holds, unusable
from ...domain.errors import Conflict, DirectoryHoldsData, InvalidInput, PathOutsideRoots
from ..settings import Settings


class DirectoryGone(Conflict):
    """The codebase's directory is gone or leads elsewhere now; put it back, or delete the codebase."""

    code = "directory_gone"


def real_directory(path: str, settings: Settings) -> str:
    """The real path of an existing, readable directory where agents may work, as the settings say. Raises `LedgerError`."""
    roots = settings.allow_root
    if not Path(path).is_absolute():
        raise InvalidInput("path: It must be absolute, as in /home/user/my-app.")
    try:
        # Not strict yet: of what lies outside nobody learns whether it exists.
        real = Path(path).resolve()
        if roots and not any(real.is_relative_to(root.resolve()) for root in roots):
            raise PathOutsideRoots
        real = real.resolve(strict=True)
        is_directory = real.is_dir()
    except (OSError, RuntimeError, ValueError):
        raise InvalidInput("path: There is no such directory on the server's machine.") from None
    if why := unusable(str(real)):
        raise InvalidInput(f"path: Its real path {why}; rename it.")
    if not is_directory:
        raise InvalidInput("path: This is a file, and must be a directory.")
    if not os.access(real, os.R_OK | os.X_OK):
        raise InvalidInput("path: This server may not read this directory.")
    if holds(real, settings.data):
        raise DirectoryHoldsData
    return str(real)


def check_unmoved(directory: str, settings: Settings) -> None:
    """Raise unless a registered directory is still what it was, and may still be worked in."""
    try:
        unmoved = real_directory(directory, settings) == directory
    except InvalidInput:
        unmoved = False
    if not unmoved:
        raise DirectoryGone


def files_inside(directory: str, files: Sequence[str], settings: Settings) -> tuple[str, ...]:
    """The files, each relative, existing, really inside the directory, regular or a directory, and not too large."""
    return tuple(_file_inside(Path(directory), name, settings.attachment_size * 2**20) for name in files)


def _file_inside(directory: Path, name: str, limit: int) -> str:
    if Path(name).is_absolute():
        raise InvalidInput(f"files: {name!r} must be relative to the codebase.")
    try:
        real = (directory / name).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise InvalidInput(f"files: {name!r} does not exist in the codebase.") from None
    if real == directory:
        raise InvalidInput(f"files: {name!r} is the codebase itself, which the agent sees anyway; name files in it.")
    if not real.is_relative_to(directory):
        raise InvalidInput(f"files: {name!r} does not lie inside the codebase.")
    try:
        why = unfit(real, limit)
    except OSError:
        raise InvalidInput(f"files: {name!r} does not exist in the codebase.") from None
    if why:
        raise InvalidInput(f"files: {name!r} {why}.")
    return os.path.normpath(name)
