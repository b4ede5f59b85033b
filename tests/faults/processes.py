"""What runs on this machine, seen without the service's own means: command lines, working directories, environments."""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

LIMIT: Final = 60.0
"""Seconds within which anything that is waited for must happen."""

FOREGROUND: Final = "in the foreground"

WAYS: Final[Mapping[str, str]] = {
    "in the background": "sleep {} &",
    "immune to hang-ups": "nohup sleep {} </dev/null >/dev/null 2>&1 &",
    "in a session of its own": "setsid sleep {} </dev/null >/dev/null 2>&1 &",
    "with all files closed": "setsid sleep {} <&- >&- 2>&- &",
    "forked twice": "(setsid sh -c 'sleep {} <&- >&- 2>&- & exit 0' &);",
    "ignoring signals": "sh -c 'trap \"\" 1 2 3 15; sleep {}' &",
    "ignoring signals, in a session of its own": "setsid sh -c 'trap \"\" 1 2 3 15; sleep {}' </dev/null >/dev/null 2>&1 &",
    "without its environment": "env -i setsid sleep {} </dev/null >/dev/null 2>&1 &",
    "stopped": "sh -c 'sleep {} & until grep -q sleep /proc/$!/comm; do :; done; kill -STOP $!; wait' &",
    FOREGROUND: "trap '' TERM; sleep {}",
}
"""How a tool's process may try to outlive its agent; the last one keeps the tool itself busy."""


async def eventually(wanted: Callable[[], object], limit: float = LIMIT) -> None:
    """Wait for something outside of this process."""
    async with asyncio.timeout(limit):
        while not wanted():
            await asyncio.sleep(0.02)


def _pids() -> Iterator[Path]:
    return Path("/proc").glob("[0-9]*")


def commands() -> dict[int, bytes]:
    """The command line of every process that is alive, its arguments divided by zero bytes."""
    found: dict[int, bytes] = {}
    for process in _pids():
        try:
            found[int(process.name)] = (process / "cmdline").read_bytes().rstrip(b"\0")
        except OSError:
            continue
    return {pid: command for pid, command in found.items() if command}


def processes_in(directory: Path) -> dict[int, bytes]:
    """The processes that work in this directory or below it: an agent, and what it started there."""
    inside: dict[int, bytes] = {}
    for pid, command in commands().items():
        try:
            place = Path(f"/proc/{pid}/cwd").readlink()
        except OSError:
            continue
        if place.is_relative_to(directory):
            inside[pid] = command
    return inside


def agents_in(directory: Path) -> list[int]:
    """The opencode servers that work in this directory."""
    return [pid for pid, command in processes_in(directory).items() if b"\0serve\0--hostname=" in command]


class Sleepers:
    """Commands that sleep, in every way that a tool may leave a process behind; nobody else sleeps as long as they."""

    def __init__(self) -> None:
        self._seconds = {way: f"300.{secrets.randbelow(10**12):012}" for way in WAYS}

    @property
    def command(self) -> str:
        """What to have bash execute: all of them, the last one in the foreground."""
        return " ".join(WAYS[way].format(seconds) for way, seconds in self._seconds.items())

    @property
    def alive(self) -> set[str]:
        """The ways in which one is alive."""
        running = set(commands().values())
        return {way for way, seconds in self._seconds.items() if f"sleep\0{seconds}".encode() in running}

    async def all_asleep(self) -> None:
        """Wait until every one of them runs."""
        await eventually(lambda: self.alive == set(WAYS))


def sleep_alone() -> tuple[str, Callable[[], bool]]:
    """A command of a single sleep, and whether it is alive."""
    seconds = f"300.{secrets.randbelow(10**12):012}"
    wanted = f"sleep\0{seconds}".encode()
    return f"sleep {seconds}", lambda: wanted in commands().values()
