"""The migrations of the database that an executable brings, and the identity of its file."""

import mmap
import os
import re
from pathlib import Path
from typing import Final, NamedTuple

from ....domain.errors import AgentUnavailable

_PIECE: Final = 4 * 2**20
"""Bytes that are searched at once: nothing else runs meanwhile."""
_MIGRATION: Final = re.compile(rb"20\d{12}_[a-z0-9_]{3,100}")
_LONGEST: Final = 128


class File(NamedTuple):
    """The identity of an executable's file: a replaced file is another one."""

    place: str
    inode: int
    size: int
    changed: int

    @classmethod
    def at(cls, binary: Path) -> "File":
        """The one that is there now. Blocking. Raises `AgentUnavailable`."""
        try:
            found = binary.stat()
            return cls(os.path.realpath(binary), found.st_ino, found.st_size, found.st_mtime_ns)
        except OSError as error:
            raise AgentUnavailable(f"{binary} can't be read: {error.strerror}.") from None


_migrations: dict[File, frozenset[str]] = {}
"""The answer of each file: the same file always gives the same answer."""


def migrations_in(binary: Path) -> frozenset[str]:
    """The names of all migrations that an executable brings; none for a script that starts another one. Blocking."""
    file = File.at(binary)
    if file not in _migrations:
        try:
            _migrations[file] = frozenset(_search(binary))
        except (OSError, ValueError):
            return frozenset()
    return _migrations[file]


def _search(binary: Path) -> set[str]:
    found = set[str]()
    with binary.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for start in range(0, len(content), _PIECE):
            piece = content[start : start + _PIECE + _LONGEST]
            found.update(name.decode("ascii") for name in _MIGRATION.findall(piece))
    return found
