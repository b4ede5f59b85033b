"""Backups: a copy of the log with its tree and its key, taken beside a running server, checked, and put back."""

import os
import shutil
from pathlib import Path
from typing import Final

from ..actors.store.copying import copy_database
from ..actors.store.lock import DataLock
from ..domain.errors import InvalidInput, StoreError
from .bootstrap import KEY_NAME, LOG_NAME, TREE_NAME
from .verify import Progress, Verdict, verify_data

FILES: Final = (KEY_NAME, TREE_NAME, LOG_NAME)
"""What a backup holds, in the order of copying: the tree may be behind the log that it stands beside, never ahead."""


def back_up(data: Path, into: Path, progress: Progress) -> Verdict:
    """Copy a data directory into a new one, and verify the copy. Raises `StoreError`, `InvalidInput`."""
    if not (data / LOG_NAME).is_file():
        raise StoreError(f"There is no log at {data / LOG_NAME}; say with --data where it is.")
    _make_place(into)
    for name in FILES:
        _copy(data / name, into / name, progress)
    return verify_data(into, (), None, progress)


def restore(backup: Path, data: Path, progress: Progress) -> Verdict:
    """Put a backup in place of a data directory that has no log, after verifying it. Raises as `back_up`."""
    verdict = verify_data(backup, (), None, progress)
    if not verdict.sound:
        raise StoreError(
            f"The backup {backup} is not sound: {verdict.result.findings[0].sentence} Nothing was restored."
        )
    if there := [name for name in FILES if (data / name).exists()]:
        raise InvalidInput(f"{data} has {' and '.join(there)} already, never overwritten; move that away first.")
    with DataLock.acquire(data):
        for name in FILES:
            _copy(backup / name, data / name, progress)
    return verdict


def _copy(source: Path, target: Path, progress: Progress) -> None:
    if not source.exists():
        return
    if source.name != KEY_NAME:
        copy_database(source, target, progress)
        return
    with (
        source.open("rb") as found,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy,
    ):
        shutil.copyfileobj(found, copy)


def _make_place(into: Path) -> None:
    try:
        into.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise InvalidInput(f"{into} exists already; a backup is made in a directory of its own.") from None
    except OSError as error:
        raise StoreError(f"{into} can't be made: {error.strerror}.") from None
