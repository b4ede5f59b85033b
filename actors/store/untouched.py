"""Reading a SQLite file as evidence: nothing is written, neither to it nor beside it.

SQLite leaves a write-ahead log and its index beside a file that it reads, unless it is told that nothing moves. That is
so where no write-ahead log lies there, for whoever writes has one.
"""

import shutil
import sqlite3
from collections.abc import Generator
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
    ahead, index = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    if ahead.exists() and not index.exists():
        path = _copied(path, ahead, Path(stack.enter_context(TemporaryDirectory(prefix="opencode-ledger-"))))
    how = "mode=ro" if ahead.exists() else "immutable=1"
    return stack.enter_context(
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None))
    )


def _copied(path: Path, ahead: Path, place: Path) -> Path:
    for file in (path, ahead):
        shutil.copyfile(file, place / file.name)
    return place / path.name
