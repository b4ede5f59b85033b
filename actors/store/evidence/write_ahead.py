"""A write-ahead log, checked by our own code before SQLite gets a copy of it: how far it reaches.

It names no file. But it may give any number to a page: written there, a page of some kilobytes makes a file of
terabytes. The format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

Read = Callable[[int, int], bytes]
"""Reads a file: an offset and a number of bytes; fewer at its end."""

_HEADER: Final = struct.Struct(">IIIIII")
_HEADER_SIZE: Final = 32
_FRAME: Final = struct.Struct(">IIII")
_FRAME_SIZE: Final = 24
_MAGIC: Final = 0x377F0682
_LARGEST: Final = 65536


class Reach(NamedTuple):
    """`page_size`: of its pages. `frames`: how many pages it holds. `pages`: how long it may make the file, in pages."""

    page_size: int
    frames: int
    pages: int


def reach_of(read: Read) -> Reach | None:
    """How far the frames reach that belong to its header; None if SQLite would take none of them.

    SQLite checks their checksums. It stops at the first wrong one, so it takes these frames, or fewer.
    """
    header = read(0, _HEADER_SIZE)
    if len(header) < _HEADER_SIZE:
        return None
    magic, _version, page_size, _count, *salts = _HEADER.unpack_from(header)
    if magic & ~1 != _MAGIC or not 512 <= page_size <= _LARGEST or page_size & (page_size - 1):
        return None
    frames, pages, at = 0, 0, _HEADER_SIZE
    while len(frame := read(at, _FRAME.size)) == _FRAME.size:
        number, commit, *theirs = _FRAME.unpack(frame)
        if not number or theirs != salts:
            break
        frames, pages, at = frames + 1, max(pages, number, commit), at + _FRAME_SIZE + page_size
    return Reach(page_size, frames, pages) if frames else None
