"""A database that another program works with, read as it is now, and left as it is.

SQLite is not asked: to read beside a writer it makes an index and takes locks. Pages are read from the write-ahead log
if it has them, else from the file. A change meanwhile may look like damage; the next look sees it whole.
"""

import os
import struct
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from ....domain.errors import StoreError
from .beside import AHEAD, next_to
from .file_format import HEAD, BadFormat, Part, first_texts_of, head_of, schema_of
from .files import found_file, reader_of, size_of

MOST_FRAMES: Final = 2**20
"""Pages of a write-ahead log that are looked at; opencode's has some thousands at most."""

_HEADER: Final = struct.Struct(">IIIIII")
_HEADER_SIZE: Final = 32
_FRAME: Final = struct.Struct(">IIII")
_FRAME_SIZE: Final = 24

Read: TypeAlias = Callable[[int, int], bytes]


class Found(NamedTuple):
    """The parts of a database, and the first column of one of its tables."""

    parts: list[Part]
    texts: list[str]


class Stamp(NamedTuple):
    """A change of a database changes this."""

    size: int
    changed: int
    ahead: int
    ahead_changed: int


def stamp_of(path: Path) -> Stamp | None:
    """The state of a database as seen from outside; None if there is none. Blocking."""
    try:
        found = path.stat()
    except OSError:
        return None
    try:
        ahead = next_to(path, AHEAD).stat()
    except OSError:
        return Stamp(found.st_size, found.st_mtime_ns, 0, 0)
    return Stamp(found.st_size, found.st_mtime_ns, ahead.st_size, ahead.st_mtime_ns)


def look_into(path: Path, table: str) -> Found:
    """Its parts, and the texts in the first column of `table`; none if it has no such table. Blocking.

    Raises `StoreError` if it can't be read.
    """
    path = Path(os.path.realpath(path))
    with ExitStack() as stack:
        read = reader_of(stack.enter_context(found_file(path)))
        ahead = next_to(path, AHEAD)
        log = reader_of(stack.enter_context(found_file(ahead))) if size_of(ahead) else None
        try:
            return _found(read, log, table)
        except (BadFormat, IndexError) as error:
            raise StoreError(f"{path} can't be read: {error}.") from None


def _found(read: Read, log: Read | None, table: str) -> Found:
    frames, known = _committed(log) if log is not None else ({}, 0)

    def page_of(size: int) -> Callable[[int], bytes]:
        def page(number: int) -> bytes:
            if log is not None and size == known and number in frames:
                return log(frames[number], size)
            return read((number - 1) * size, size)

        return page

    first = log(frames[1], HEAD) if log is not None and 1 in frames else read(0, HEAD)
    head = head_of(first)
    page = page_of(head.page_size)
    parts = schema_of(page, head)
    roots = [part.root for part in parts if part.kind == "table" and part.name == table]
    return Found(parts, _all(first_texts_of(page, head, root) for root in roots))


def _all(lists: Iterable[list[str]]) -> list[str]:
    return [text for texts in lists for text in texts]


def _committed(log: Read) -> tuple[dict[int, int], int]:
    """The place of each page's last committed version in a write-ahead log, and the size of its pages."""
    header = log(0, _HEADER_SIZE)
    if len(header) < _HEADER_SIZE:
        return {}, 0
    _magic, _version, page_size, _count, *salts = _HEADER.unpack_from(header)
    frames, open_ones, at = dict[int, int](), dict[int, int](), _HEADER_SIZE
    for _ in range(MOST_FRAMES):
        if len(frame := log(at, _FRAME.size)) < _FRAME.size:
            break
        number, commit, *theirs = _FRAME.unpack(frame)
        if theirs != salts:
            break
        open_ones[number] = at + _FRAME_SIZE
        if commit:
            frames |= open_ones
            open_ones.clear()
        at += _FRAME_SIZE + page_size
    return frames, page_size
