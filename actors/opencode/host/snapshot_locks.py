"""Removes locks that killed agents left in opencode's snapshot repositories.

While such a lock is there, opencode compares and restores nothing.
"""

from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil
import structlog

log = structlog.get_logger()

SNAPSHOTS: Final = "snapshot/*/*/index.lock"


def remove_stale_locks(data: Path) -> None:
    """Remove from opencode's directory, in a home that is the agents' alone, each lock of a repository without a process. Blocking.

    opencode's git is given the repository's path as an argument. A lock that was there before the processes were looked
    through, and whose owner isn't among them, has none any more; one that was made since is not touched.
    """
    locks = {lock: _identity(lock) for lock in data.glob(SNAPSHOTS)}
    if not locks:
        return
    in_use = _arguments()
    for lock, identity in locks.items():
        if identity is not None and str(lock.parent) not in in_use and _identity(lock) == identity:
            log.warning("a lock that a killed agent left is removed", lock=str(lock))
            lock.unlink(missing_ok=True)


def _identity(lock: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        found = lock.lstat()
        return found.st_ino, found.st_ctime_ns
    return None


def _arguments() -> frozenset[str]:
    found: set[str] = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            found.update(process.cmdline())
    return frozenset(found)
