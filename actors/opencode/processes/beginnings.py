"""When processes began, on the system's own clock: one that no change of the date moves. Seconds. Blocking."""

import os
import sys
from pathlib import Path
from typing import Final

import psutil

from ...clock import boot_seconds, wall_seconds

_LINUX: Final = sys.platform.startswith("linux")
GONE: Final = float("inf")
"""When a process began that is gone: nobody knows any more, so it counts as the youngest."""


def began(process: psutil.Process) -> float:
    """When it began. Exact within a tick of the system, 0.01 s: earlier by less than that, never later."""
    try:
        if not _LINUX:
            return float(process.create_time())
        # psutil goes by the date, and is off by up to a second here.
        noted = Path(f"/proc/{process.pid}/stat").read_bytes().rpartition(b")")[2].split()
        return int(noted[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, psutil.Error):
        return GONE


def now() -> float:
    """This moment, on the same clock."""
    return boot_seconds() if _LINUX else wall_seconds()


def at(milliseconds: float) -> float:
    """A moment in ms since the epoch, on the same clock; wrong by as much as the date was changed since."""
    return now() - (wall_seconds() - milliseconds / 1000)
