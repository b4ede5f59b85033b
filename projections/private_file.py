"""Files that only their owner may read: they have what agents and people said."""

import os
from pathlib import Path


def make_private(path: Path) -> None:
    """Make sure that the file exists and only its owner can use it; a new file is empty.

    Call it before SQLite opens the file: SQLite would let others read new files, and gives the file's mode to the files
    beside it. Raises `OSError`. Blocks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
