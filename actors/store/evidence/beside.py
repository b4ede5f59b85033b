"""The files beside a SQLite file, checked before SQLite acts on them: journal, write-ahead log, and its index.

SQLite follows what these say. A journal may name any file of the machine as its super-journal, and SQLite removes that
after it has rolled back.
"""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ....domain.errors import StoreError
from .file_format import HEAD, BadFormat, TooMuch, fits_a_page, head_of, schema_of
from .files import found_file, pages_of, reader_of, size_of
from .parts import STATISTICS
from .rollback_journal import is_hot, names_another_file

JOURNAL: Final = "-journal"
AHEAD: Final = "-wal"
INDEX: Final = "-shm"
BESIDE: Final = (JOURNAL, AHEAD, INDEX)

LOCK: Final = "ledger.lock"
"""The file that a server locks while it works on a directory: see `DataLock`."""


@dataclass(frozen=True)
class Beside:
    """The lengths of these files, None if one isn't there. `hot`: whether the journal would be rolled back."""

    journal: int | None
    ahead: int | None
    index: int | None
    hot: bool


def beside(path: Path) -> Beside:
    """The files beside a file. Raises `StoreError` for links and the like, and for a journal that names a file."""
    journal, ahead, index = (size_of(next_to(path, suffix)) for suffix in (JOURNAL, AHEAD, INDEX))
    return Beside(journal, ahead, index, hot=bool(journal) and _is_hot(next_to(path, JOURNAL), journal or 0))


def check_before_opening(path: Path) -> None:
    """Check a file that SQLite is to open for writing, and what lies beside it. Raises `StoreError`.

    A damaged file or a directory passes: the code that opens it says what to do then.
    """
    if path.is_dir() and not path.is_symlink():
        return
    size = size_of(path)
    beside(path)
    if not size:
        return
    with found_file(path) as descriptor:
        try:
            _check_schema(descriptor)
        except TooMuch as error:
            raise StoreError(f"{path} was left alone: {error}. Put a backup in its place.") from None
        except BadFormat:
            return


def next_to(path: Path, suffix: str) -> Path:
    """The file that SQLite keeps beside this one."""
    return path.with_name(path.name + suffix)


def is_locked(directory: Path) -> bool:
    """Whether a server uses a directory, which stays as it is. False also if that can't be found out."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    else:
        return False
    finally:
        os.close(descriptor)


def _is_hot(path: Path, size: int) -> bool:
    with found_file(path) as descriptor:
        read = reader_of(descriptor)
        if names_another_file(read, size):
            raise StoreError(
                f"{path} names another file, which SQLite would remove: it was left alone. Nothing of opencode-ledger "
                "leaves such a journal; remove it, and verify what is left, or put a backup in its place."
            )
        return is_hot(read, size)


def _check_schema(descriptor: int) -> None:
    head = head_of(reader_of(descriptor)(0, HEAD))
    page = pages_of(descriptor, head.page_size)
    for part in schema_of(page, head):
        if part.name.lower().startswith(STATISTICS) and part.root > 0 and not fits_a_page(page, part.root):
            raise TooMuch(f"it has a table {part.name!r:.80} of statistics, which is far too long")
