"""A temporary directory for each opencode server and its tools: private, gone with the server, never the system's own.

opencode leaves a library of some megabytes in it at each start, and its tools leave what they like.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import structlog

log = structlog.get_logger()

NO_EXECUTION: Final = 0x0008
"""The flag of a file system from which nothing is executed, on Linux. Other systems are not checked."""


class Scratch:
    """A directory that is there from `make` to `remove`; `variables` lead programs to it."""

    def __init__(self, place: Path | None) -> None:
        self._place = place
        self.variables: Mapping[str, str] = {"TMPDIR": str(place)} if place else {}

    @classmethod
    async def make(cls, under: Path | None) -> "Scratch":
        """A new one. Without `under`, or where nothing can be made there, the system's own has to do."""
        return cls(await asyncio.to_thread(_make, under) if under else None)

    async def remove(self) -> None:
        """Remove it with all that is in it; when nobody uses it any more."""
        if self._place is not None:
            await asyncio.to_thread(clear_scratch, self._place)


def clear_scratch(place: Path) -> None:
    """Remove a directory with all that is in it, also what is closed to its owner. Follows no link. Blocking."""
    _open_up(place)
    for directory, below, _ in os.walk(place):
        for name in below:
            _open_up(Path(directory, name))
    shutil.rmtree(place, ignore_errors=True)


def _open_up(place: Path) -> None:
    with suppress(OSError):
        if not place.is_symlink():
            place.chmod(0o700)


def _make(under: Path) -> Path | None:
    try:
        under.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _nothing_runs(under):  # opencode loads a library from there
            raise PermissionError(f"nothing can be executed in {under}")
        return Path(mkdtemp(prefix="", dir=under))
    except OSError as error:
        log.warning("the agents' temporary files go to the system's own directory", error=str(error))
        return None


def _nothing_runs(place: Path) -> bool:
    """Whether it lies on a file system from which nothing is executed."""
    return sys.platform.startswith("linux") and bool(os.statvfs(place).f_flag & NO_EXECUTION)
