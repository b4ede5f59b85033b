"""What an interrupt ends: every command that began with the first interrupted call or after it.

What calls that had ended before left on purpose, such as a development server, is spared. What such a server has
started since may work for an interrupted call, so that is ended; the server may start it again afterwards.

An orphan doesn't show whether such a server began it or a command that forks without end. So while orphans keep coming,
the servers are halted: what still begins then comes from commands alone, and that ends.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

import psutil
import structlog

from ....domain.opencode.command_times import CommandTimes
from ...clock import loop_seconds
from .beginnings import GONE, at, now
from .calls import Command, Commands
from .halted import Halted

log = structlog.get_logger()

SLACK: Final = 0.05
"""Seconds by which opencode's note of when a command began or ended may be off."""
_PAUSE: Final = 0.02


class Interrupt:
    """Made before a run is aborted, for afterwards nothing says which calls it had open. Blocking.

    `times`: opencode's account. A call whose shell has ended can still be open, since what it started holds its
    output; then every call without a shell whose processes all began with the first open one or later counts as open.
    """

    def __init__(self, commands: Commands, times: CommandTimes) -> None:
        self._commands = commands
        calls = commands.by_call()
        self._known, self._shells = frozenset(calls), dict(commands.shells(calls))
        shells = self._shells
        without_shell = len(times.open) > len(shells)
        begun = [*shells.values(), *([at(min(times.open)) - SLACK] if without_shell else [])]
        self._since = min(begun, default=GONE)
        oldest = {call: min(command.began for command in found) for call, found in calls.items() if call not in shells}
        self._ended = {call: began for call, began in oldest.items() if not without_shell or began < self._since}
        over = () if without_shell else times.over
        self._left = {call: left for call, began in self._ended.items() if (left := _end_of(began, over))}
        self._over = self._by_force = GONE
        self._halted = Halted()

    async def end(self, grace: float, limit: float) -> None:
        """End them: asked to at first, by force after `grace` seconds. Returns when none is left.

        One that can't be killed within `limit` seconds is reported, and not waited for.
        """
        await _end_all(self._of_interrupted_calls, grace, limit)
        # From here on nobody is left who could ask a server for work: what it starts now is its own affair.
        self._over = now()
        self._by_force = self._over + grace
        if not self._ended:
            return
        try:
            await _end_all(self._begun_for_them, grace, limit)
        finally:
            await asyncio.shield(asyncio.to_thread(self._halted.release))

    def _of_interrupted_calls(self) -> list[Command]:
        calls = self._commands.by_call()
        self._shells.update(self._commands.shells(calls))
        late = [command.began for call, found in calls.items() if call not in self._known for command in found]
        self._since = min([self._since, *late])
        # A number may have been a call's that ended long ago: what is older than the shell is that one's.
        return [
            command
            for call, found in calls.items()
            if call not in self._ended
            for command in found
            if command.began >= self._shells.get(call, 0.0)
        ]

    def _begun_for_them(self) -> list[Command]:
        calls = self._commands.by_call()
        of_ended = {command.process.pid: command for call in self._ended for command in calls.get(call, ())}
        spared = {pid for pid, command in of_ended.items() if self._is_spared(command, of_ended)}
        doomed = [command for pid, command in of_ended.items() if pid not in spared]
        if now() >= self._by_force and any(self._over <= command.began for command in doomed):
            self._halted.halt(of_ended[pid] for pid in spared)
        groups = {of_ended[pid].group for pid in spared}
        # A group is killed as a whole only where nobody in it is spared.
        return [replace(command, group=0) if command.group in groups else command for command in doomed]

    def _is_spared(self, command: Command, of_ended: Mapping[int, Command]) -> bool:
        passed: set[int] = set()
        while command.began >= max(self._since, self._left.get(command.call or 0, 0.0)):
            parent = of_ended.get(command.parent)
            began_later = self._over <= command.began < GONE
            if not began_later or parent is None or command.process.pid in passed:
                return False
            passed.add(command.process.pid)
            command = parent
        return True


def _end_of(began: float, over: Iterable[tuple[float, float]]) -> float | None:
    """When the call ended in which a process began; None where it is none of these. The earliest, if there are several."""
    spans = [(at(begun) - SLACK, at(ended) + SLACK) for begun, ended in over]
    return min((ended for begun, ended in spans if begun <= began <= ended), default=None)


async def _end_all(look: Callable[[], list[Command]], grace: float, limit: float) -> None:
    start, asked = loop_seconds(), set[psutil.Process]()
    while found := await asyncio.to_thread(look):
        waited = loop_seconds() - start
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


def _kill(found: Iterable[Command]) -> None:
    """Kill them, each with its whole process group at once: one that forks without end would be missed one by one."""
    for group in {command.group for command in found if command.group > 1}:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    _signal([command.process for command in found], signal.SIGKILL)


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)
