"""Reaps orphans: nobody waits for a daemon that an agent's tool left, except the system's first process.

In a container without an init that is us. A process that nobody waits for stays as a zombie, until the system has no
number left.
"""

import asyncio
import os
from contextlib import suppress

import psutil

INTERVAL = 2.0
"""Seconds between two looks."""


def adopts_orphans() -> bool:
    """Whether orphans become our children: we are the first process of a system, or of a container."""
    return os.getpid() == 1


async def reap_orphans(interval: float = INTERVAL) -> None:
    """Until cancelled, wait for every ended child that nobody else waits for.

    Our own code waits at once for each process that it starts. A process that is still there at the next look was
    started by others.
    """
    before = frozenset[psutil.Process]()
    while True:
        before = await asyncio.to_thread(_reap, before)
        await asyncio.sleep(interval)


def _reap(before: frozenset[psutil.Process]) -> frozenset[psutil.Process]:
    """Wait for those that had ended before; return the others that have ended by now. Blocking."""
    ended = {child for child in psutil.Process().children() if _has_ended(child)}
    for orphan in ended & before:
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, orphan.pid, os.WEXITED | os.WNOHANG)
    return frozenset(ended - before)


def _has_ended(child: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(child.status() == psutil.STATUS_ZOMBIE)
    return False
