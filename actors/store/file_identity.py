"""Whether the log is still where it was opened, and has room there.

A file that was removed or replaced can still be written to, and those writes are gone with the process. A log that took
the last room of its disk would leave none for the views and the tree, so that nobody could read it any longer.
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
    """Remembers the identity of a file and of its write-ahead log. Blocking, so it belongs in a thread.

    `share`: a factor for the log's own reserve. A writer that needs more than the log never takes its last room.
    """

    def __init__(self, path: Path, share: int = 1) -> None:
        self._share = share
        self._known: dict[str, tuple[int, int]] = {}
        self._names = (os.fspath(path), f"{path}-wal")

    def remember(self) -> None:
        """Remember the present files as the right ones."""
        self._known = {name: _identity(name) for name in self._names}

    def check(self) -> None:
        """Raise `StoreError`, with advice, if one of them is gone or replaced. Passes before `remember`."""
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
        """Raise `StoreError` if less than the reserve is free. Passes before `remember`."""
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
