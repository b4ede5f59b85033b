"""A rollback journal, read by our own code: which pages SQLite would restore, and whether it names another file.

A journal that names a super-journal makes SQLite look at that file, and delete it. So such a journal is never given to
SQLite. The format: https://www.sqlite.org/fileformat2.html#the_rollback_journal
"""

import struct
from collections.abc import Callable, Generator, Iterator
from typing import Final, NamedTuple

MAGIC: Final = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"

Read = Callable[[int, int], bytes]
"""Reads a file: an offset and a number of bytes; fewer at its end."""

_HEADER: Final = struct.Struct(">8sIIIII")
_SECTOR: Final = 512
"""A journal that is shorter has no header yet."""
_LARGEST: Final = 65536
_LOCK_BYTE: Final = 0x40000000
_UNKNOWN: Final = 0xFFFFFFFF


class Rollback(NamedTuple):
    """The effect of a journal. `pages`: how many the file had. `page_size`: of each. `changes`: (number, content)."""

    page_size: int
    pages: int
    changes: Iterator[tuple[int, bytes]]


def is_hot(read: Read, size: int) -> bool:
    """Whether SQLite would roll anything back, if the database isn't empty and no program has it open."""
    return size > 0 and read(0, 1) != b"\0"


def names_another_file(read: Read, size: int) -> bool:
    """Whether it ends like a journal that names a super-journal."""
    return size >= len(MAGIC) and read(size - len(MAGIC), len(MAGIC)) == MAGIC


def rollback_of(read: Read, size: int, page_size: int) -> Rollback | None:
    """What SQLite would do with a hot journal; None for nothing. `page_size`: used if the journal names none."""
    if size < _SECTOR:
        return None
    magic, records, nonce, pages, sector, named = _HEADER.unpack(read(0, _HEADER.size))
    page_size = named or page_size
    if magic != MAGIC or not _is_power(page_size, 512) or not _is_power(sector, 32):
        return None
    segments = _segments(read, size, (records, nonce), sector, page_size)
    return Rollback(page_size, pages, _changes(read, segments, pages, page_size))


def _is_power(number: int, least: int) -> bool:
    return least <= number <= _LARGEST and number & (number - 1) == 0


def _segments(
    read: Read, size: int, begun: tuple[int, int], sector: int, page_size: int
) -> Generator[tuple[int, int, int], int]:
    """For each header: where its records begin, how many there are, and the nonce of their checksums.

    It is sent where the records of the one before ended.
    """
    records, nonce = begun
    at = sector
    if records == _UNKNOWN:
        records = (size - sector) // (page_size + 8)
    while True:
        end = yield at, records, nonce
        at = -(-end // sector) * sector
        if at + sector > size:
            return
        magic, records, nonce, *_ = _HEADER.unpack(read(at, _HEADER.size).ljust(_HEADER.size, b"\0"))
        if magic != MAGIC:
            return
        at += sector


def _changes(
    read: Read, segments: Generator[tuple[int, int, int], int], pages: int, page_size: int
) -> Iterator[tuple[int, bytes]]:
    lock_page = _LOCK_BYTE // page_size + 1
    segment = next(segments, None)
    while segment is not None:
        at, records, nonce = segment
        for _ in range(records):
            record = read(at, page_size + 8)
            if len(record) < page_size + 8:
                return
            at += len(record)
            number, content = int.from_bytes(record[:4]), record[4:-4]
            if number in (0, lock_page):
                return
            if number > pages:
                continue
            if _checksum(content, nonce) != int.from_bytes(record[-4:]):
                return
            yield number, content
        try:
            segment = segments.send(at)
        except StopIteration:
            return


def _checksum(content: bytes, nonce: int) -> int:
    return (nonce + sum(content[len(content) - 200 : 0 : -200])) & 0xFFFFFFFF
