"""What runs on this machine, seen without the service's own means: command lines, working directories, environments."""

# ruff: noqa: PTH115, PTH123, PTH208 (tests look again and again: objects for paths would cost more than what is read)

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.support.waiting import eventually

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


def commands() -> dict[int, bytes]:
    """The command line of every process that is alive, its arguments divided by zero bytes."""
    found = {pid: _read(f"/proc/{pid}/cmdline").rstrip(b"\0") for pid in _pids()}
    return {pid: command for pid, command in found.items() if command}


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _read(path: str) -> bytes:
    """What a file has; nothing where its process is gone."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def processes_in(directory: Path) -> dict[int, bytes]:
    """The processes that work in this directory or below it: an agent, and what it started there."""
    here = str(directory)
    return {
        pid: command
        for pid in _pids()
        if _place(pid).startswith(here + "/") and (command := _read(f"/proc/{pid}/cmdline").rstrip(b"\0"))
    }


def _place(pid: int) -> str:
    """Where a process works, with a slash at its end; nothing where it is gone, or is the kernel's."""
    try:
        return os.readlink(f"/proc/{pid}/cwd") + "/"
    except OSError:
        return ""


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
