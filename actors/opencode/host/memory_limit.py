"""A limit on the memory of an agent. What opencode and its tools hold is added up each second; too much ends them all.

Resident memory counts, because opencode reserves far more than it ever uses. Shared pages count for each process.
Memory of tools that left their parents isn't counted, and they end with the agent all the same.
"""

import asyncio
import math
from collections.abc import Mapping
from collections.abc import Sequence as Many
from contextlib import suppress
from threading import Lock
from typing import Final

import psutil
import structlog

from ....domain.failure import Failure
from ...clock import steady_seconds
from ..settings import MIB
from .process import OpencodeProcess

log = structlog.get_logger()

INTERVAL = 1.0
"""Seconds between two looks."""
TOO_MUCH = "AGENT_OUT_OF_MEMORY"


class _Kinship:
    """The parents and children of processes. All agents share one look at the machine, at most two in an interval."""

    def __init__(self) -> None:
        self._looking = Lock()
        self._looked = -math.inf
        self._children: dict[int, list[int]] = {}

    def children(self) -> Mapping[int, Many[int]]:
        """The children of each process that has some. Blocking."""
        with self._looking:
            if steady_seconds() - self._looked > INTERVAL / 2:
                self._children = {}
                for process in psutil.process_iter():
                    with suppress(psutil.Error):
                        self._children.setdefault(process.ppid(), []).append(process.pid)
                self._looked = steady_seconds()
            return self._children


_KINSHIP: Final = _Kinship()


def default_limit() -> int:
    """Half of the machine's memory, in MiB."""
    return int(psutil.virtual_memory().total) // 2 // MIB


async def watch_memory(process: OpencodeProcess, limit: int) -> None:
    """End a process with all its descendants once they hold more than `limit` bytes together."""
    while process.alive:
        await asyncio.sleep(INTERVAL)
        held, family = await asyncio.to_thread(_held, process.pid)
        if held > limit:
            log.warning("an agent takes too much memory; it is ended", pid=process.pid, mib=held // MIB)
            process.end(_why(held, limit))
            await asyncio.to_thread(_kill, family)


def _held(pid: int) -> tuple[int, list[psutil.Process]]:
    """The bytes that a process and its descendants hold, and these processes; those that end meanwhile hold nothing."""
    family: list[psutil.Process] = []
    held, children, pids = 0, _KINSHIP.children(), [pid]
    for member in pids:  # which grows on the way
        pids += children.get(member, ())
        with suppress(psutil.Error):
            process = psutil.Process(member)
            held += process.memory_info().rss
            family.append(process)
    return held, family


def _kill(family: list[psutil.Process]) -> None:
    for process in family:
        with suppress(psutil.Error):
            process.kill()


def _why(held: int, limit: int) -> Failure:
    said = f"The agent and its tools took {held // MIB} MiB of memory, more than --agent-memory {limit // MIB} allows"
    return Failure(code=TOO_MUCH, error=f"{said}; all of them were ended.")
