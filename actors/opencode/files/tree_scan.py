"""Scans a directory: which files it holds, and a mark of each. Reads no file, follows no link, runs nothing. Blocking.

Git isn't asked. In a repository of others it may run what its configuration names. It says nothing of ignored files or
of what a command has committed. Without a repository or without git there is no answer at all.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from stat import S_ISDIR
from typing import Final

from ....domain.file_trees import Look, Mark
from ...clock import steady_seconds

FILES: Final = 250_000
"""Files of one directory that are compared; beyond that it would take too long and too much memory."""

SECONDS: Final = 10.0
"""How long a first look may take."""

SECONDS_AGAIN: Final = 5.0
"""How long a further look may take. People wait for it, and the system has most of it cached."""

DEPTH: Final = 200
"""Directories within each other that are looked into; each takes an open file."""

GIT: Final = b".git"

DECIDING: Final = frozenset({b"config", b"config.worktree", b"hooks", b"info"})
"""The files in a repository's own directory that decide what git runs and ignores. The rest is git's own work."""

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OFTEN: Final = 1000


class _TooMuch(Exception):
    """There is more than may be scanned, or it takes too long."""


class _Scan:
    def __init__(self, files: int, seconds: float) -> None:
        self.files: dict[bytes, Mark] = {}
        self.hidden: set[bytes] = set()
        self._limit, self._until, self._count = files, steady_seconds() + seconds, 0

    def below(self, opened: int, path: bytes, depth: int) -> None:
        """Look into an open directory."""
        try:
            entries = list(self._entries(opened, path))
        except OSError:
            self.hidden.add(path)
            return
        for name in entries:
            self._look_into(opened, name, path, depth)

    def _entries(self, opened: int, path: bytes) -> Iterator[str]:
        """Keep the files of a directory; gives the directories in it."""
        inside_git = path.rpartition(b"/")[2] == GIT
        with os.scandir(opened) as entries:
            for entry in entries:
                self._spend()
                raw = os.fsencode(entry.name)
                if inside_git and raw not in DECIDING:
                    continue
                try:
                    found = entry.stat(follow_symlinks=False)
                except OSError:
                    continue  # it went just now
                if S_ISDIR(found.st_mode):
                    yield entry.name
                else:
                    self.files[_joined(path, raw)] = _mark(found)

    def _look_into(self, parent: int, name: str, above: bytes, depth: int) -> None:
        path = _joined(above, os.fsencode(name))
        if depth == DEPTH:
            self.hidden.add(path)
            return
        try:
            opened = os.open(name, _DIRECTORY, dir_fd=parent)
        except (FileNotFoundError, NotADirectoryError):
            return  # it went just now, or is a link now
        except OSError:
            self.hidden.add(path)
            return
        try:
            self.below(opened, path, depth + 1)
        finally:
            os.close(opened)

    def _spend(self) -> None:
        self._count += 1
        if self._count > self._limit or (self._count % _OFTEN == 0 and steady_seconds() > self._until):
            raise _TooMuch


def scan_tree(directory: str, files: int = FILES, seconds: float = SECONDS) -> Look:
    """What the directory holds. Never raises."""
    scan = _Scan(files, seconds)
    try:
        opened = os.open(directory, _DIRECTORY)
    except OSError:
        return Look({}, frozenset({b""}))
    try:
        scan.below(opened, b"", 0)
    except _TooMuch:
        return Look(None)
    finally:
        os.close(opened)
    return Look(scan.files, frozenset(scan.hidden))


def scan_files(directory: str, paths: list[bytes]) -> dict[bytes, Mark | None]:
    """The marks of some files of the directory; None for one that isn't there or is a directory.

    A path that leads through a link is left out: a scan knows that file by another name, or not at all.
    """
    marks: dict[bytes, Mark | None] = {}
    for path in paths:
        file = os.fsencode(directory) + b"/" + path
        above = file.rpartition(b"/")[0]
        with suppress(OSError, ValueError):
            if os.path.realpath(above) == above:
                marks[path] = _mark_of(file)
    return marks


def _mark_of(file: bytes) -> Mark | None:
    try:
        found = os.lstat(file)
    except OSError:
        return None
    return None if S_ISDIR(found.st_mode) else _mark(found)


def _joined(above: bytes, name: bytes) -> bytes:
    return above + b"/" + name if above else name


def _mark(found: os.stat_result) -> Mark:
    return hash((found.st_mode, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))
