"""Ends what an agent left behind. Processes are recognized by the marker in their environment, or by what they inherit.

opencode's tools run in sessions of their own and outlive it. Killing its process group does not reach them.

A process that clears its environment is found by the limit that it inherits (see `inherited`), on other systems by its
descent, unless its parent ended before. Linux could let opencode adopt such orphans (`PR_SET_CHILD_SUBREAPER`), but
opencode waits for no process that it didn't start. That was tried: each process that a tool put in the background
stayed as a zombie while opencode lived, until the system had no number left.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

import psutil
import structlog

from ...clock import steady_seconds
from ..program.environment import MARKER, marker
from . import inherited
from .started_with import environment_of

log = structlog.get_logger()

SWEEP_LIMIT = 5.0
_PAUSE = 0.02
_LOOKS = 20

Marked = Callable[[str | None, int], bool]
"""Whether a process is meant: its marker, None for one without; the number that it inherited, 0 for one without."""


async def family(instance: str, codebase: str) -> list[psutil.Process]:
    """Every process of this codebase's agent with all its descendants, also those that cleared their environment.

    Call this while the agent still lives: once it is gone, their parents are unknown.
    """
    wanted = _of(instance, codebase)
    return await asyncio.to_thread(lambda: list(_with_descendants(_find(wanted))))


async def sweep(instance: str, codebase: str, also: Iterable[psutil.Process] = ()) -> int:
    """Kill every process of this codebase's agent, and those of `also` that still live.

    Returns when none is left, with how many there were.
    """
    return await asyncio.to_thread(_sweep, _of(instance, codebase), also)


async def sweep_all(instance: str) -> int:
    """Kill every process of every agent of this data directory, as an earlier server may have left them."""
    prefix = marker(instance, "")

    def marked(value: str | None, number: int) -> bool:
        return inherited.same_instance(number, instance) if value is None else value.startswith(prefix)

    return await asyncio.to_thread(_sweep, marked)


def _of(instance: str, codebase: str) -> Marked:
    wanted, inheriting = marker(instance, codebase), inherited.number_of(marker(instance, codebase))
    return lambda value, number: number == inheriting if value is None else value == wanted


def _sweep(marked: Marked, also: Iterable[psutil.Process] = ()) -> int:
    killed: set[int] = set()
    deadline = steady_seconds() + SWEEP_LIMIT
    known = set(also)
    while found := [process for process in _each(known, marked) if _ends(process, killed)]:
        known = {process for process in known if lives(process)}
        if steady_seconds() > deadline:
            log.error("processes can't be killed", pids=[process.pid for process in found])
            break
        time.sleep(_PAUSE)
    return len(killed)


def _with_descendants(ancestors: Iterable[psutil.Process]) -> Iterator[psutil.Process]:
    """Each one, and then what descends from it by parents that are read once, before any of them is killed."""
    children = _children()
    passed: set[int] = set()
    for ancestor in ancestors:
        below = _below(ancestor.pid, children, passed)
        yield ancestor
        yield from below


def _children() -> Mapping[int, list[psutil.Process]]:
    found: dict[int, list[psutil.Process]] = {}
    for pid in psutil.pids():
        with suppress(psutil.Error):
            process = psutil.Process(pid)  # notes when it began, so that a reused pid is never killed
            found.setdefault(process.ppid(), []).append(process)
    return found


def _below(pid: int, children: Mapping[int, list[psutil.Process]], passed: set[int]) -> list[psutil.Process]:
    """The descendants of a process but for those already passed."""
    found: list[psutil.Process] = []
    waiting = [pid]
    while waiting:
        pid = waiting.pop()
        if pid not in passed:
            passed.add(pid)
            found += children.get(pid, ())
            waiting += (child.pid for child in children.get(pid, ()))
    return found


def lives(process: psutil.Process) -> bool:
    """Whether it is still there: its number not given to another, and not just waiting for its parent to notice."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _each(known: Iterable[psutil.Process], marked: Marked) -> Iterator[psutil.Process]:
    yield from known
    yield from _with_descendants(_find(marked))


def _ends(process: psutil.Process, killed: set[int]) -> bool:
    """Kill it as soon as it is found. False where it only waits for its parent: of one that is gone a child may be left."""
    if lives(process):
        killed.add(process.pid)
        _kill(process)
        return True
    return not process.is_running()


def _find(marked: Marked) -> Iterator[psutil.Process]:
    seen = {os.getpid()}
    # Repeated until no process is new: one that forks without end has always just gone when its child is looked for.
    for _ in range(_LOOKS):
        new = [pid for pid in psutil.pids() if pid not in seen]
        if not new:
            return
        seen.update(new)
        for pid in new:
            try:
                process = psutil.Process(pid)  # notes when it began, so that a reused pid is never killed
                value, inheriting = variable(pid, MARKER), inherited.read(pid)
            except (psutil.Error, OSError, ValueError):
                continue
            if marked(value, inheriting[1] if inheriting else 0):
                yield process


def variable(pid: int, name: str) -> str | None:
    """A variable of a process's environment as it was at its start. Raises `psutil.Error`, `OSError`."""
    if not sys.platform.startswith("linux"):
        return psutil.Process(pid).environ().get(name)
    prefix = f"{name}=".encode()
    environment = environment_of(pid)
    if prefix not in environment:
        return None
    found = next((entry for entry in environment.split(b"\0") if entry.startswith(prefix)), None)
    return None if found is None else found.removeprefix(prefix).decode("utf-8", "replace")


def _kill(process: psutil.Process) -> None:
    """Kill it with its whole process group: one that forks without end would outrun single kills.

    An agent has a session of its own, so nobody else's process is in a group of one of its processes.
    """
    with suppress(psutil.Error, OSError):
        group = os.getpgid(process.pid)
        if group > 1 and group != os.getpgrp() and process.is_running():
            os.killpg(group, signal.SIGKILL)
    with suppress(psutil.Error):
        process.kill()
