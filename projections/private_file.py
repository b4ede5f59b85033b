"""Files that are nobody else's business: they hold what agents and people said."""

import os
from pathlib import Path


def make_private(path: Path) -> None:
    """Have a file that only its owner can use, empty if it wasn't there.

    To be called before SQLite opens it, which would let others read what it makes, and gives a file's mode to those
    that it keeps beside it. Raises `OSError`. Blocking.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
