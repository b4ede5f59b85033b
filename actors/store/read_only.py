"""Reading a SQLite file as evidence: nothing is written, neither to it nor beside it.

But for SQLite's scratch file (`-shm`) where one lies there with a write-ahead log: a server may be at work.

SQLite leaves a write-ahead log and its index beside a file that it reads, unless it is told that nothing moves. That is
so where no write-ahead log lies there, for whoever writes has one.
"""

import shutil
import sqlite3
from collections.abc import Generator
from collections.abc import Sequence as Many
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ...domain.errors import StoreError


@contextmanager
def untouched(path: Path) -> Generator[sqlite3.Connection]:
    """A connection that reads the file, also while a server writes to it. Raises `StoreError`.

    A write-ahead log without its index, as a copied directory or one of after a loss of power has it, can't be read
    where it lies without an index being made: such a file is read from a copy, which is gone at the end.
    """
    with ExitStack() as stack:
        try:
            connection = _connected(path, stack)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path} can't be read: {error}.") from None
        yield connection


def _connected(path: Path, stack: ExitStack) -> sqlite3.Connection:
    ahead, index, journal = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))
    how = "mode=ro" if ahead.exists() else "immutable=1"
    # What lies in a journal, whoever put it there, is rolled back by the next who opens the file: seen here as it will be.
    if journal.exists() or (ahead.exists() and not index.exists()):
        place = Path(stack.enter_context(TemporaryDirectory(prefix="opencode-ledger-")))
        path, how = _copied([file for file in (path, ahead, journal) if file.exists()], place), "mode=rw"
    return stack.enter_context(
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None))
    )


def _copied(files: Many[Path], place: Path) -> Path:
    for file in files:
        shutil.copyfile(file, place / file.name)
    return place / files[0].name
