"""Reads a SQLite file as evidence: nothing is written beside it, and SQLite follows nothing that lies there.

- A file with nothing beside it is read in place, as one that never changes, so that SQLite looks for no journal.
- The effects of a journal or a write-ahead log are applied to a copy, in a directory of its own.
- Only while a server is at work, which holds the directory's lock, SQLite reads beside it. It does so read-only, so
  that it rolls back and removes nothing.
"""

import os
import sqlite3
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ....domain.errors import StoreError
from .beside import beside, is_locked
from .file_format import HEAD, BadFormat, Part, head_of, schema_of
from .files import found_file, pages_of, reader_of, size_of
from .parts import SELECT_PARTS, Ours, in_place_of_ours
from .settled import settled_copy

STILL: Final = "mode=ro&immutable=1"
AT_WORK: Final = "mode=ro"

LONGEST: Final = 64 * 2**20
"""Bytes of a value, and of an export's line; an event has some millions, where an agent printed as much as it may."""

_LIMITS: Final = {
    sqlite3.SQLITE_LIMIT_LENGTH: LONGEST,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 2**16,
    sqlite3.SQLITE_LIMIT_COLUMN: 32,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 4,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_SETTINGS: Final = (
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "mmap_size = 0",
    "temp_store = MEMORY",
    "query_only = ON",
)

_STEPS: Final = 1_000_000
"""Steps of SQLite's machine between two looks at how many there were."""
_LEAST_LOOKS: Final = 20
_BYTES_A_LOOK: Final = 2**18
"""More steps than these mean that the file is a loop: reading a whole log takes a hundredth."""


@dataclass(frozen=True)
class FoundDatabase:
    """A file that was checked and can be opened for reading, any number of times, also by other processes.

    `path`: where it was found. `size`: its bytes.
    """

    path: Path
    size: int
    place: Path
    how: str
    ours: Ours

    @contextmanager
    def connected(self) -> Generator[sqlite3.Connection]:
        """A connection that reads the file. Raises `StoreError`."""
        with ExitStack() as stack:
            try:
                uri = f"{self.place.absolute().as_uri()}?{self.how}"
                connection = stack.enter_context(closing(sqlite3.connect(uri, uri=True, isolation_level=None)))
                self._bound(connection)
                if self.how == AT_WORK:
                    _check_parts(self.path, list(map(Part._make, connection.execute(SELECT_PARTS))), self.ours)
            except (sqlite3.Error, TypeError, AttributeError) as error:
                raise StoreError(f"{self.path} can't be read: {error}.") from None
            yield connection

    def _bound(self, connection: sqlite3.Connection) -> None:
        for limit, most in _LIMITS.items():
            connection.setlimit(limit, most)
        looks, most = count(), _LEAST_LOOKS + self.size // _BYTES_A_LOOK
        connection.set_progress_handler(lambda: next(looks) > most, _STEPS)
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")


@contextmanager
def found_database(path: Path, ours: Ours) -> Generator[FoundDatabase]:
    """A file that may come from others, as the next program to open it would find it. Raises `StoreError`.

    `ours`: the parts that it must have, as far as it is read. If a copy is needed, it is gone at the end.
    """
    with ExitStack() as stack:
        try:
            found = _found(path, ours, stack)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path} can't be read: {error}.") from None
        yield found


@contextmanager
def untouched(path: Path, ours: Ours) -> Generator[sqlite3.Connection]:
    """A connection that reads a file that may come from others: see `found_database`. Raises `StoreError`."""
    with found_database(path, ours) as found, found.connected() as connection:
        yield connection


def _found(path: Path, ours: Ours, stack: ExitStack) -> FoundDatabase:
    if (size := size_of(path)) is None:
        raise StoreError(f"{path} can't be read: it does not exist.")
    found = beside(path)
    if found.ahead is not None and found.index is not None and is_locked(path.parent):
        if found.hot:
            raise StoreError(f"{path} has a journal that SQLite would roll back, while a server is at work on it.")
        return FoundDatabase(path, size + found.ahead, path, AT_WORK, ours)
    place = path
    if found.hot or found.ahead:
        copies = Path(stack.enter_context(TemporaryDirectory(prefix="opencode-ledger-")))
        place = settled_copy(path, found, copies)
    with found_file(place) as descriptor:
        size = os.fstat(descriptor).st_size
        _check_parts(path, _parts(path, descriptor), ours)
    return FoundDatabase(path, size, place, STILL, ours)


def _parts(path: Path, descriptor: int) -> list[Part]:
    try:
        head = head_of(reader_of(descriptor)(0, HEAD))
        return schema_of(pages_of(descriptor, head.page_size), head)
    except BadFormat as error:
        raise StoreError(f"{path} can't be read: {error}.") from None


def _check_parts(path: Path, parts: list[Part], ours: Ours) -> None:
    if said := in_place_of_ours(parts, ours):
        raise StoreError(f"{path} was altered, and is not read: {said}.")
