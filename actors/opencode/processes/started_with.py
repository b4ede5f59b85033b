"""The environment that a process was started with, as Linux shows it. Blocking.

It reads as empty for a moment while a process becomes another program. A mark that is missed there would be missed for
as long as nobody looks again, so such a process is looked at until its new program is in place.
"""

import time
from pathlib import Path
from typing import Final

from ...clock import steady_seconds

BECOMING_LIMIT: Final = 0.2
"""Seconds to wait until a process has become its new program. Later it counts as one without environment."""
_PAUSE: Final = 0.0005
_MEMORY, _BEGIN, _END = 20, 47, 48
"""Where the system notes a process's size, and the place of its environment in memory, behind its name."""


def environment_of(pid: int, limit: float = BECOMING_LIMIT) -> bytes:
    """Its variables, each with a zero byte behind it. Raises `OSError` where it is gone or somebody else's."""
    file = Path(f"/proc/{pid}/environ")
    deadline = steady_seconds() + limit
    while not (environment := file.read_bytes()) and not _has_none(pid) and steady_seconds() < deadline:
        time.sleep(_PAUSE)
    return environment


def _has_none(pid: int) -> bool:
    """Whether there really is nothing: it has ended, is the system's own, or was started without any variable."""
    noted = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    memory, begin, end = (int(noted[number]) for number in (_MEMORY, _BEGIN, _END))
    return memory == 0 or (begin == end != 0)
