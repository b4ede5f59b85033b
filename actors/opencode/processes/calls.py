"""The commands of an agent's calls: which of them an interrupt ends, and which it spares.

- Every command runs below a shell of ours. It gives everything it starts a number, its own process id. While that shell
  lives, its call is open.
- A call that has ended leaves only what it left on purpose, such as a development server. That is spared.
- What opencode itself starts (language servers, MCP servers, git) has no number, and is never touched.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Many
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import structlog

from ...clock import boot_seconds, loop_seconds, wall_seconds
from ..host.environment import CALL, MARKER
from . import inherited
from .survivors import variable

log = structlog.get_logger()

SLACK = 0.05
"""Seconds by which the system's start time of a process may be off."""
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Command:
    """A process as it was when it was looked at; it may be gone by now. `group`: its process group."""

    process: psutil.Process
    parent: int
    group: int
    call: int | None


@dataclass(frozen=True, slots=True)
class Commands:
    """Where to look: the commands of one opencode. `shelled`: they run below our shell."""

    opencode: int
    marker: str
    shelled: bool

    def spared(self, open_since: Many[float]) -> frozenset[int]:
        """The numbers of the calls that had ended. Blocking.

        `open_since`: when each call of the shell that is open by the agent's own account began, in ms since the epoch.
        One whose shell has ended can still be open, since what it started holds its output; then all that began with
        it or after it counts as its own.
        """
        calls = self.by_call()
        alive = {call for call, found in calls.items() if self.shelled and any(c.process.pid == call for c in found)}
        ended = calls.keys() - alive
        if len(open_since) <= len(alive):
            return frozenset(ended)
        longest = wall_seconds() - min(open_since) / 1000 + SLACK
        return frozenset(call for call in ended if max(_age(command.process) for command in calls[call]) > longest)

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
                found.setdefault(call, []).append(command)
        return found

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


async def end_commands(commands: Commands, spared: frozenset[int], grace: float, limit: float) -> None:
    """End every command except those of the spared calls: by request at first, by force after `grace` seconds.

    Returns when none is left. A command that can't be killed within `limit` seconds is reported and no longer awaited:
    it never does anything again.
    """
    began, asked = loop_seconds(), set[psutil.Process]()
    while found := await asyncio.to_thread(_others, commands, spared):
        waited = loop_seconds() - began
        if waited > grace + limit:
            log.error("commands can't be ended", pids=[command.process.pid for command in found])
            return
        if waited < grace:
            processes = {command.process for command in found}
            await asyncio.to_thread(_signal, processes - asked, signal.SIGTERM)
            asked |= processes
        else:
            await asyncio.to_thread(_kill, found)
        await asyncio.sleep(_PAUSE)


def _others(commands: Commands, spared: frozenset[int]) -> list[Command]:
    return [command for call, found in commands.by_call().items() if call not in spared for command in found]


def _kill(found: Iterable[Command]) -> None:
    """Kill them, each with its whole process group at once: one that forks without end would outrun single kills."""
    for group in {command.group for command in found if command.group > 1}:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    _signal([command.process for command in found], signal.SIGKILL)


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)


def _age(process: psutil.Process) -> float:
    """Seconds since it began; 0 if it is gone. Linux is asked directly: psutil is off by up to a second there."""
    try:
        if not sys.platform.startswith("linux"):
            return wall_seconds() - float(process.create_time())
        began = int(Path(f"/proc/{process.pid}/stat").read_bytes().rpartition(b")")[2].split()[19])
        return boot_seconds() - began / os.sysconf("SC_CLK_TCK")
    except (OSError, psutil.Error):
        return 0.0


def _is_zombie(process: psutil.Process) -> bool:
    """Whether it only waits for its parent to notice its end. One that is gone may have just left a child."""
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
