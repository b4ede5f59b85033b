"""Reading a long log for its verification by several processes at once, each some thousand events at a time.

Python hashes with one core at a time. The processes read and hash the events; what they found is put together here.
They are forks that do nothing but that, and hand each part over through a pipe, which holds back those that are ahead.
Who calls has no database open: SQLite's connections must not be taken over a fork.
"""

import gc
import os
import pickle
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from ..actors.store.log_file import opened
from ..domain.audit import Audit, Part, TreeLeaves, audit_of_parts, part_of
from ..domain.notes import Checkpoint
from ..domain.tiles import WIDTH

PART: Final = 4 * WIDTH
"""Events that are read at once by one process."""
WORTH = 25_000
"""Events for each process, at least; with fewer it isn't worth its start."""


def audit_by_many(
    path: Path, size: int, checkpoints: list[Checkpoint], tree_leaves: TreeLeaves, progress: Callable[[int], None]
) -> Audit | None:
    """Audit the first `size` events of a log. None where that isn't worth several processes, or anything is wrong."""
    readers = min(cores(), size // WORTH)
    if readers < 2:
        return None
    with _reading(path, size, readers) as parts:
        return audit_of_parts(_told(parts, progress), checkpoints, tree_leaves)


def cores() -> int:
    """How many cores may be used; one where a process can't be forked safely."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _told(parts: Iterator[Part | None], progress: Callable[[int], None]) -> Iterator[Part | None]:
    for number, part in enumerate(parts):
        yield part
        progress(number * PART)


@contextmanager
def _reading(path: Path, size: int, readers: int) -> Generator[Iterator[Part | None]]:
    """Have processes read a log, each every so many parts of it; give these in order. At the end no process is left."""
    started: list[tuple[int, BinaryIO]] = []
    try:
        turns = (range(1 + turn * PART, size + 1, readers * PART) for turn in range(readers))
        started.extend(_start(path, firsts, size) for firsts in turns)
        pipes = [pipe for _, pipe in started]
        yield (_received(pipes[number % readers]) for number in range(-(-size // PART)))
    finally:
        for _, pipe in started:
            pipe.close()  # who still writes to it ends of that
        for process, _ in started:
            os.waitpid(process, 0)


def _start(path: Path, firsts: range, size: int) -> tuple[int, BinaryIO]:
    """Start a process that reads the parts that begin at `firsts`. Its id, and where its parts arrive."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, os.fdopen(reading, "rb")
    try:  # from here on another process, which ends below whatever happens, and touches nothing that it has in common
        gc.disable()
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe, opened(path) as log:
            for first in firsts:
                last = min(first + PART - 1, size)
                pickle.dump(part_of(log.events(first, last), first, last + 1 - first), pipe)
    finally:
        os._exit(0)


def _received(pipe: BinaryIO) -> Part | None:
    """The next part from a process; None also where it came to an end."""
    try:
        part = pickle.load(pipe)  # noqa: S301  it comes from ourselves
    except (EOFError, pickle.UnpicklingError):
        return None
    return part if isinstance(part, Part) else None
