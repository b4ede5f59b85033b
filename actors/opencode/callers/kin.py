"""The processes of all our agents, and what they hold open, from Linux's `/proc`. Blocking.

A process is an agent's by the marker in its environment, by a limit that it can't have from elsewhere, or by its
descent from such a process. The limit (see `inherited`) marks every child, also one that cleared its environment, has a
session of its own and no parent any longer.
"""

import os
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from ..processes import inherited
from ..processes.started_with import environment_of
from ..program.environment import MARKER, marker

_PROC: Final = Path("/proc")
_SOCKET: Final = "socket:["


class Process(NamedTuple):
    """A process of an agent. `name`: the agent's, as its marker has it."""

    pid: int
    name: str


class Kin:
    """The processes of the agents of these names; `instance`: whose agents they are."""

    def __init__(self, instance: str, names: Iterable[str]) -> None:
        self.all: dict[int, Process] = {}
        """Those found so far, by their numbers."""
        self._instance = instance
        self._limits = {inherited.number_of(marker(instance, name)): name for name in names}
        self._parents: dict[int, int] = {}
        self._marked: dict[int, str] = {}

    def look(self) -> list[Process]:
        """Find those that are there and were not seen before."""
        new = [pid for pid in _pids() if pid not in self._parents and pid != os.getpid()]
        for pid in new:
            with suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
                self._parents[pid] = _parent(pid)
                if name := _name_in_environment(pid, self._instance) or _name_in_limit(pid, self._limits):
                    self._marked[pid] = name
        names = ((pid, _inherited(pid, self._parents, self._marked)) for pid in new)
        found = [Process(pid, name) for pid, name in names if name]
        self.all.update((process.pid, process) for process in found)
        return found


def sockets_of(pid: int) -> set[int]:
    """The numbers of the sockets that a process holds. Raises `PermissionError` where it can't be looked into."""
    numbers = _sockets_in(f"/proc/{pid}/fd")
    # A thread may have open files of its own, and what the first thread had is not shown where that has ended.
    for thread in _entries(f"/proc/{pid}/task"):
        if thread.name != str(pid):
            numbers |= _sockets_in(f"{thread.path}/fd")
    return numbers


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What a folder of a process holds; nothing where the process has ended, at any moment. Raises `PermissionError`."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return list(os.scandir(folder))
    return []


def _sockets_in(folder: str) -> set[int]:
    """The sockets among the open files of a thread. Raises `PermissionError`."""
    found = set[int]()
    for file in _entries(folder):
        with suppress(FileNotFoundError, ProcessLookupError):
            target = os.readlink(file.path)  # noqa: PTH115 - there are thousands of them
            if target.startswith(_SOCKET):
                found.add(int(target[len(_SOCKET) : -1]))
    return found


def held_by_others(number: int, agents: Container[int]) -> bool:
    """Whether a process that is no agent's holds this socket."""
    for pid in _pids():
        if pid not in agents:
            with suppress(OSError):
                if number in sockets_of(pid):
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


def _parent(pid: int) -> int:
    # A process's name, in brackets, may hold anything.
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])


def _name_in_environment(pid: int, instance: str) -> str | None:
    try:
        environment = environment_of(pid)
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


def _inherited(pid: int, parents: Mapping[int, int], marked: Mapping[int, str]) -> str | None:
    """The name of the nearest one that is marked, from a process upwards."""
    seen: set[int] = set()
    while pid in parents and pid not in seen:
        if pid in marked:
            return marked[pid]
        seen.add(pid)
        pid = parents[pid]
    return None
