"""A data directory that others may have filled, checked before a server opens and writes what is in it."""

from collections.abc import Iterable
from pathlib import Path

from ....domain.errors import StoreError
from .beside import check_before_opening
from .files import NotPlain, size_of


def check_directory(data: Path, databases: Iterable[str], files: Iterable[str], directories: Iterable[str]) -> None:
    """Raise `StoreError` if a name in a data directory leads elsewhere, or SQLite would follow what lies there.

    Directories in the place of files pass: the code that opens them reports them.
    """
    for name in databases:
        check_before_opening(data / name)
    for name in files:
        _check_file(data / name)
    for name in directories:
        _check_inside(data / name)


def _check_file(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        size_of(path)


def _check_inside(directory: Path) -> None:
    try:
        if directory.is_symlink():
            raise NotPlain(f"{directory} is a link, not a directory: it was left alone.")
        found = list(directory.iterdir()) if directory.is_dir() else []
    except OSError as error:
        raise StoreError(f"{directory} can't be read: {error.strerror}.") from None
    for path in found:
        _check_file(path)
