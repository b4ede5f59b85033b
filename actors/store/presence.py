"""Whether the log is still where it was opened.

A file that somebody removed or replaced can still be written to, and what is written there is gone with the process.
"""

import os
from pathlib import Path

from ...domain.errors import StoreError


class Presence:
    """Remembers which files a log's path and its write-ahead log's were. Blocking: for the writer's own thread."""

    def __init__(self, path: Path) -> None:
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


def _identity(name: str) -> tuple[int, int]:
    found = os.stat(name)  # noqa: PTH116 - twice for each group: a Path would cost more than the call
    return found.st_dev, found.st_ino
