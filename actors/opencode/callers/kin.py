"""The processes of all our agents, and what they hold open: read from Linux's `/proc`. Blocking.

A process is an agent's by the marker in its environment, by a limit that it can't have from elsewhere, or by its
descent from such a one. The limit (see `inherited`) marks every child, also one that cleared its environment, has a
session of its own and no parent any more.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from ..host import inherited
from ..host.environment import MARKER, marker

_PROC: Final = Path("/proc")
_SOCKET: Final = "socket:["


class Process(NamedTuple):
    """A process of an agent. `name`: the agent's, as its marker has it. `ended`: its first thread has ended."""

    pid: int
    name: str
    ended: bool


def kin(instance: str, names: Iterable[str]) -> dict[int, Process]:
    """Every process of the agents of these names, by its number."""
    limits = {inherited.number_of(marker(instance, name)): name for name in names}
    parents: dict[int, tuple[int, bool]] = {}
    marked: dict[int, str] = {}
    for pid in _pids():
        with suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
            parents[pid] = _parent(pid)
            if name := _name_in_environment(pid, instance) or _name_in_limit(pid, limits):
                marked[pid] = name
    marked.pop(os.getpid(), None)
    found = {pid: _inherited(pid, parents, marked) for pid in parents}
    return {pid: Process(pid, name, parents[pid][1]) for pid, name in found.items() if name}


def sockets_of(process: Process) -> Iterator[int]:
    """The numbers of the sockets that a process holds. Raises `PermissionError` where it can't be looked into."""
    place = _PROC / str(process.pid)
    folders = (place / "task").glob("*/fd") if process.ended else (place / "fd",)
    for folder in folders:
        try:
            files = list(os.scandir(folder))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended
        for file in files:
            with suppress(FileNotFoundError, ProcessLookupError):
                target = str(Path(file).readlink())
                if target.startswith(_SOCKET):
                    yield int(target[len(_SOCKET) : -1])


def held_by_others(number: int, kin: Mapping[int, Process]) -> bool:
    """Whether a process that is no agent's holds this socket."""
    for pid in _pids():
        if pid not in kin:
            with suppress(OSError):
                if number in sockets_of(Process(pid, "", ended=False)):
                    return True
    return False


def program_of(pid: int) -> str:
    """What a process calls itself."""
    try:
        return (_PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except OSError:
        return ""


def _pids() -> list[int]:
    return [int(entry.name) for entry in os.scandir(_PROC) if entry.name.isdigit()]


def _parent(pid: int) -> tuple[int, bool]:
    """A process's parent, and whether its first thread has ended."""
    # Its name, in brackets, may hold anything.
    state, parent = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[:2]
    return int(parent), state in (b"Z", b"X")


def _name_in_environment(pid: int, instance: str) -> str | None:
    try:
        environment = (_PROC / str(pid) / "environ").read_bytes()
    except PermissionError:
        return None
    begin = f"{MARKER}={instance}:".encode()
    if begin not in environment:
        return None
    found = (entry for entry in environment.split(b"\0") if entry.startswith(begin))
    return next((entry.removeprefix(begin).decode("utf-8", "replace") for entry in found), None)


def _name_in_limit(pid: int, limits: Mapping[int, str]) -> str | None:
    mark = inherited.read(pid)
    return limits.get(mark[1]) if mark else None


def _inherited(pid: int, parents: Mapping[int, tuple[int, bool]], marked: Mapping[int, str]) -> str | None:
    """The name of the nearest one that is marked, from a process upwards."""
    seen: set[int] = set()
    while pid in parents and pid not in seen:
        if pid in marked:
            return marked[pid]
        seen.add(pid)
        pid = parents[pid][0]
    return None
