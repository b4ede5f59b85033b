"""A copy of a found SQLite file, with the effects of its journal and its write-ahead log applied.

Our own code rolls the journal back; SQLite never gets it. The write-ahead log can name nothing, so SQLite gets it,
alone with the copy, in a directory with nothing else in it.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from ....domain.errors import StoreError
from .beside import AHEAD, JOURNAL, Beside, next_to
from .file_format import HEAD, BadFormat, head_of
from .files import found_file, reader_of
from .rollback_journal import rollback_of
from .write_ahead import reach_of

ROOM: Final = 2**26
"""Bytes that a copy leaves free on the disk that it is made on."""

_PIECE: Final = 2**20


def settled_copy(path: Path, found: Beside, into: Path) -> Path:
    """Make the copy in an empty directory. Raises `StoreError`, `OSError`, `sqlite3.Error`."""
    copy = into / path.name
    with found_file(path) as descriptor:
        begun = os.fstat(descriptor)
        _check_room(path, begun.st_size + (found.journal or 0) + (found.ahead or 0), into)
        _copy(descriptor, copy)
        if found.hot:
            _roll_back(copy, next_to(path, JOURNAL))
        if found.ahead:
            _write_ahead(copy, next_to(path, AHEAD), max(begun.st_size, copy.stat().st_size))
        if _stamp(os.fstat(descriptor)) != _stamp(begun):
            raise StoreError(f"{path} changed while it was read: end the program that writes to it, or try again.")
    return copy


def _stamp(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


def _check_room(path: Path, needed: int, into: Path) -> None:
    free = shutil.disk_usage(into).free - ROOM
    if needed > free:
        raise StoreError(
            f"{path} is read from a copy, which would take {needed:,} bytes in {into.parent}, but only {max(free, 0):,} "
            "bytes are free there: make room, or name another place in the variable TMPDIR."
        )


def _copy(descriptor: int, copy: Path) -> None:
    """Copy no more than there is now, however fast it grows."""
    left, at = os.fstat(descriptor).st_size, 0
    with copy.open("xb") as file:
        while left > 0 and (piece := os.pread(descriptor, min(left, _PIECE), at)):
            file.write(piece)
            left, at = left - len(piece), at + len(piece)


def _roll_back(copy: Path, journal: Path) -> None:
    with copy.open("r+b") as file, found_file(journal) as descriptor:
        there = os.fstat(file.fileno()).st_size
        if not there:
            return
        known, size = _page_size(file.read(HEAD)), os.fstat(descriptor).st_size
        rollback = rollback_of(reader_of(descriptor), size, known or 4096)
        if rollback is None:
            return
        if known not in (0, rollback.page_size):
            raise StoreError(f"{journal} was not written for this file: its pages are of another size.")
        if rollback.pages * rollback.page_size > there + size:
            raise StoreError(f"{journal} was not written for this file: it would make the file far longer than it is.")
        file.truncate(rollback.pages * rollback.page_size)
        for number, content in rollback.changes:
            file.seek((number - 1) * rollback.page_size)
            file.write(content)


def _write_ahead(copy: Path, ahead: Path, size: int) -> None:
    """`size`: how long the file was, before or after its journal."""
    with found_file(ahead) as descriptor:
        reach = reach_of(reader_of(descriptor))
        if reach is None or not copy.stat().st_size:
            return
        with copy.open("rb") as file:
            known = _page_size(file.read(HEAD))
        if known not in (0, reach.page_size):
            raise StoreError(f"{ahead} was not written for this file: its pages are of another size.")
        if reach.pages > size // reach.page_size + reach.frames:
            raise StoreError(f"{ahead} was not written for this file: it would make the file far longer than it is.")
        _copy(descriptor, next_to(copy, AHEAD))
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=rw", uri=True, isolation_level=None)) as connection:
        # Reads no schema, and makes SQLite take what was committed. The last one out writes it into the file.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    if (left := next_to(copy, AHEAD)).exists() and left.stat().st_size:
        raise StoreError(f"{ahead} can't be read: what it holds doesn't fit its file.")


def _page_size(head: bytes) -> int:
    """The size of a file's pages; 0 where its head is damaged."""
    try:
        return head_of(head).page_size
    except BadFormat:
        return 0
