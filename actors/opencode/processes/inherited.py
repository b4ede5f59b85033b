"""A mark that no process loses by clearing its environment or leaving its parents: a limit that nothing enforces.

Linux hands the limit on file locks (`RLIMIT_LOCKS`) to every child like all other limits, and has enforced it nowhere
since 2.4.25. Its hard half names the agent. Its soft half names the call of a tool, and the agent's shell sets it. An
agent can lower it on purpose. On systems that don't show the limits of other processes, environment and descent serve
instead.
"""

import hashlib
import resource
from contextlib import suppress
from pathlib import Path
from typing import Final

LOCKS: Final = 10
"""`RLIMIT_LOCKS`: Python has no name for it."""

_LINE: Final = b"Max file locks"
_HALF: Final = 31


def number_of(marker: str) -> int:
    """The number that stands for a marker: its upper half for the data directory, its lower half for the codebase."""
    instance, _, codebase = marker.partition(":")
    return (_half(instance) << _HALF) | _half(codebase)


def same_instance(number: int, instance: str) -> bool:
    """Whether a number stands for an agent of this data directory."""
    return number >> _HALF == _half(instance)


def put_on(pid: int, marker: str) -> None:
    """Mark a process, and so everything that it starts from now on. Does nothing if that isn't possible."""
    prlimit = getattr(resource, "prlimit", None)
    if prlimit is not None:
        with suppress(OSError, ValueError):
            prlimit(pid, LOCKS, (number_of(marker), number_of(marker)))


def read(pid: int) -> tuple[int, int] | None:
    """Which call and which agent a process bears the numbers of; None for one without a mark. Call 0: of none."""
    try:
        limits = Path(f"/proc/{pid}/limits").read_bytes()
    except OSError:
        return None
    line = next((line for line in limits.splitlines() if line.startswith(_LINE)), b"")
    values = line.removeprefix(_LINE).split()[:2]
    if len(values) < 2 or not values[1].isdigit():
        return None
    agent = int(values[1])
    call = int(values[0]) if values[0].isdigit() else 0
    return (0 if call == agent else call), agent


def _half(name: str) -> int:
    """A number of 31 bits, never 0."""
    return (int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1) or 1
