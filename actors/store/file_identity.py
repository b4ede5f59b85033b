"""Whether the log is still where it was opened, and has room there.

A file that somebody removed or replaced can still be written to, and what is written there is gone with the process.
And a log that took the last of its disk would leave the views and the tree none to follow it: nobody could look any more.
"""

import os
from pathlib import Path

from ...domain.errors import StoreError

MIB = 2**20

RESERVE = 32 * MIB
"""Bytes of its disk that the log leaves free."""
SHARE = 0.05
"""The part of a small disk that it leaves free."""


class Presence:
    """Remembers which files a path and its write-ahead log's were. Blocking: for the writer's own thread.

    `share`: how many times the log's own reserve is to stay free; who needs more than the log never takes its last room.
    """

    def __init__(self, path: Path, share: int = 1) -> None:
        self._share = share
        self._known: dict[str, tuple[int, int]] = {}
        self._names = (os.fspath(path), f"{path}-wal")

    def remember(self) -> None:
        """These are the files, from now on."""
        self._known = {name: _identity(name) for name in self._names}

    def check(self) -> None:
        """Raise `StoreError`, saying what to do, where one of them is gone or another; nothing before `remember`."""
        for name, known in self._known.items():
            try:
                same = _identity(name) == known
            except OSError:
                same = False
            if not same:
                raise StoreError(
                    f"{name} was removed or replaced while the server runs: "
                    "stop the server, put the file or a backup in its place, then start again"
                )

    def check_writable(self) -> None:
        """Raise `StoreError` if the files aren't the known ones, or their disk is too full."""
        self.check()
        self.check_room()

    def check_room(self) -> None:
        """Raise `StoreError` where less is free than is to stay free; nothing before `remember`."""
        if not self._known:
            return
        disk = os.statvfs(self._names[0])
        free = disk.f_bavail * disk.f_frsize
        kept = self._share * min(RESERVE, SHARE * disk.f_blocks * disk.f_frsize)
        if free < kept:
            left = f"{free / MIB:.1f} MiB are left on the disk of {self._names[0]}"
            raise StoreError(f"{left}, and {kept / MIB:.1f} are kept for the views and the tree: make room there")


def _identity(name: str) -> tuple[int, int]:
    found = os.stat(name)  # noqa: PTH116 - twice for each group: a Path would cost more than the call
    return found.st_dev, found.st_ino
