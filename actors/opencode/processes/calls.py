"""The commands of an agent's calls: which processes there are, and which call each belongs to.

- Every command runs below a shell of ours. It gives everything it starts a number, its own process id. While that shell
  lives, its call is open.
- A call that has ended leaves only what it left on purpose, such as a development server.
- What opencode itself starts (language servers, MCP servers, git) has no number, and is no command.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import psutil

from ..program.environment import CALL, MARKER
from . import inherited
from .beginnings import GONE, began
from .survivors import variable


@dataclass(frozen=True, slots=True)
class Command:
    """A process as it was when it was looked at; it may be gone by now.

    `group`: its process group, 0 where that is opencode's. `call`: its call, None as long as only its parents know.
    `began`: see `beginnings`.
    """

    process: psutil.Process
    parent: int
    group: int
    call: int | None
    began: float = GONE


@dataclass(frozen=True, slots=True)
class Commands:
    """Where to look: the commands of one opencode. `shelled`: they run below our shell."""

    opencode: int
    marker: str
    shelled: bool

    def by_call(self) -> Mapping[int, list[Command]]:
        """Every process of a call, by the call's number. Blocking."""
        seen: dict[int, Command | None] = {}
        # Looked at again until nobody is new: one that forks without end has always just gone where only its child is.
        while new := [pid for pid in psutil.pids() if pid not in seen]:
            seen.update((pid, self._look_at(pid)) for pid in new)
        known = {pid: command for pid, command in seen.items() if command}
        found: dict[int, list[Command]] = {}
        for pid, command in known.items():
            if (call := _own_or_inherited(pid, known)) and not _is_zombie(command.process):
                found.setdefault(call, []).append(replace(command, call=call, began=began(command.process)))
        return found

    def shells(self, by_call: Mapping[int, list[Command]]) -> Mapping[int, float]:
        """The calls whose shell lives, and when it began."""
        if not self.shelled:
            return {}
        return {
            call: command.began
            for call, found in by_call.items()
            for command in found
            if command.process.pid == call and command.began != GONE
        }

    def _look_at(self, pid: int) -> Command | None:
        try:
            process = psutil.Process(pid)
            group = os.getpgid(pid) if os.getsid(pid) != os.getsid(self.opencode) else 0
            return Command(process, process.ppid(), group, self._call_of(pid))
        except (psutil.Error, OSError):
            return None

    def _call_of(self, pid: int) -> int | None:
        """The number of the call that a process names as its own; 0 for opencode itself, None for no answer."""
        if pid == self.opencode:
            return 0
        call, agent = inherited.read(pid) or (0, 0)
        if agent != inherited.number_of(self.marker) and variable(pid, MARKER) != self.marker:
            return None
        if not self.shelled:  # then a call is known by its session: opencode gives each one its own
            session = os.getsid(pid)
            return None if session == os.getsid(self.opencode) else session
        named = variable(pid, CALL) or ""
        return call or (int(named) if named.isdigit() else None)


def _is_zombie(process: psutil.Process) -> bool:
    """Whether it only waits for its parent to notice; one that is gone altogether may have left a child a moment ago."""
    with suppress(psutil.Error):
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return False


def _own_or_inherited(pid: int, known: Mapping[int, Command]) -> int:
    """The call of a process, or of the nearest of its parents that has one."""
    passed: set[int] = set()
    while pid in known and pid not in passed:
        if (call := known[pid].call) is not None:
            return call
        passed.add(pid)
        pid = known[pid].parent
    return 0
