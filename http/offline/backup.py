"""Backups: copy the log with its tree, whole outputs and key while a server may run, verify the copy, and restore it."""

import os
import shutil
from pathlib import Path
from typing import Final

from ...actors.store.copying import copy_database
from ...actors.store.evidence.beside import BESIDE
from ...actors.store.evidence.files import content_of, size_of
from ...actors.store.evidence.parts import Ours, ours_by
from ...actors.store.lock import DataLock
from ...actors.store.log_file import check_there, opened
from ...actors.store.log_file import ours as parts_of_log
from ...actors.store.outputs.schema import CREATE as OUTPUTS_SCHEMA
from ...actors.store.outputs.schema import OUTPUTS_NAME
from ...domain.errors import InvalidInput, StoreError
from ...projections.tree.schema import TREE_SCHEMA
from ..data_directory import KEY_NAME, LOG_NAME, TREE_NAME
from .evidence import LONGEST_KEY
from .verify import Progress, Verdict, verify_data

FILES: Final = (KEY_NAME, TREE_NAME, LOG_NAME, OUTPUTS_NAME)
"""What a backup holds, in the order of copying: the tree may be behind the log that it stands beside, never ahead, and
the whole outputs may be ahead of the events that name them, never behind."""

_NAMES: Final = (*FILES, *(name + suffix for name in (TREE_NAME, LOG_NAME, OUTPUTS_NAME) for suffix in BESIDE))
"""What must not be there where they are put back: what was beside another file would be done to this one."""


def back_up(data: Path, into: Path, progress: Progress) -> Verdict:
    """Copy a data directory into a new one, and verify the copy. Raises `StoreError`, `InvalidInput`."""
    check_there(data / LOG_NAME)
    with opened(data / LOG_NAME) as log:
        unfinished = log.is_unfinished()
    if unfinished:
        raise InvalidInput(f"{data} has an unfinished erasure: finish it first with `opencode-ledger erase`.")
    _make_place(into)
    try:
        for name in FILES:
            _copy(data / name, into / name, progress)
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)  # it was made just now, and half a backup is none
        raise
    return verify_data(into, (), None, progress)


def restore(backup: Path, data: Path, progress: Progress) -> Verdict:
    """Verify a backup and, if it is sound, put it in place of a data directory that has no log. Raises as `back_up`."""
    if missing := [name for name in (LOG_NAME, KEY_NAME) if size_of(backup / name) is None]:
        raise InvalidInput(f"{backup} is not a backup: it has no {missing[0]}.")
    verdict = verify_data(backup, (), None, progress)
    if not verdict.sound:
        return verdict
    if there := [name for name in _NAMES if os.path.lexists(data / name)]:
        raise InvalidInput(f"{data} already has {' and '.join(there)}. Nothing is overwritten: move them away first.")
    with DataLock.acquire(data):
        for name in FILES:
            _copy(backup / name, data / name, progress)
    return verdict


def _copy(source: Path, target: Path, progress: Progress) -> None:
    if size_of(source) is None:
        return
    if source.name != KEY_NAME:
        copy_database(source, target, _made_of(source.name), progress)
        return
    content = content_of(source, LONGEST_KEY)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        copy.write(content)


def _made_of(name: str) -> Ours:
    """What a file of a data directory is to be made of."""
    if name == LOG_NAME:
        return parts_of_log()
    return ours_by(OUTPUTS_SCHEMA if name == OUTPUTS_NAME else TREE_SCHEMA)


def _make_place(into: Path) -> None:
    try:
        into.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise InvalidInput(f"{into} exists; name a new directory for the backup.") from None
    except OSError as error:
        raise StoreError(f"{into} can't be created: {error.strerror}.") from None
