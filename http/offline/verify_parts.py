"""Reads a long log for verification with several processes, each some thousand events at a time.

One Python process hashes with one core only. So forked processes read and hash the events, and the results are combined
here. Each sends its parts through a pipe, which holds back a process that is ahead. The caller must have no database open:
SQLite connections must not cross a fork.
"""

import gc
import os
import pickle
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, Final, cast

from ...actors.store.evidence.read_only import FoundDatabase
from ...actors.store.log_file import LogFile, opened
from ...domain.proofs.audit import Audit, Part, TreeLeaves, audit_of_parts, part_of
from ...domain.proofs.signed_notes import Checkpoint
from ...domain.proofs.tiles import WIDTH

PART: Final = 4 * WIDTH
"""Events that are read at once by one process."""
WORTH = 25_000
"""Events for each process, at least; with fewer it isn't worth its start."""


def audit_by_many(
    log: FoundDatabase,
    size: int,
    checkpoints: list[Checkpoint],
    tree_leaves: TreeLeaves,
    progress: Callable[[int], None],
) -> Audit | None:
    """Audit the first `size` events of a log. None where that isn't worth several processes, or anything is wrong."""
    readers = min(cores(), size // WORTH)
    if readers < 2:
        return None
    with _reading(log, size, readers) as parts:
        return audit_of_parts(_reported(parts, progress), checkpoints, tree_leaves)


def is_long(size: int) -> bool:
    """Whether a log of `size` events is worth another process."""
    return cores() > 1 and size >= WORTH


def cores() -> int:
    """How many cores may be used; one where a process can't be forked safely."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


def _reported(parts: Iterator[Part | None], progress: Callable[[int], None]) -> Iterator[Part | None]:
    for number, part in enumerate(parts):
        yield part
        progress(number * PART)


@contextmanager
def _reading(log: FoundDatabase, size: int, readers: int) -> Generator[Iterator[Part | None]]:
    """Have processes read a log, each every n-th part of it. Gives the parts in order. At the end no process is left."""
    started: list[tuple[int, BinaryIO]] = []
    try:
        turns = (range(1 + turn * PART, size + 1, readers * PART) for turn in range(readers))
        started.extend(_start(log, partial(_parts, firsts, size)) for firsts in turns)
        pipes = [pipe for _, pipe in started]
        yield (_received(pipes[number % readers]) for number in range(-(-size // PART)))
    finally:
        for process in started:
            _end(*process)


def _parts(firsts: range, size: int, log: LogFile) -> Iterator[Part | None]:
    """The parts that begin at `firsts`."""
    for first in firsts:
        last = min(first + PART - 1, size)
        yield part_of(log.events(first, last), first, last + 1 - first)


@contextmanager
def damage_by_another(found: FoundDatabase) -> Generator[Callable[[], str | None]]:
    """Have another process check the file (see `LogFile.damage`) while this one works; the call waits for its result."""
    process, pipe = _start(found, lambda log: [log.damage()])
    try:
        yield lambda: _said(pipe)
    finally:
        _end(process, pipe)


def _said(pipe: BinaryIO) -> str | None:
    try:
        return cast("str | None", pickle.load(pipe))  # noqa: S301  it comes from ourselves
    except (EOFError, pickle.UnpicklingError):
        return "it could not be looked at to its end"


def _end(process: int, pipe: BinaryIO) -> None:
    pipe.close()  # a process that still writes to it ends
    os.waitpid(process, 0)


def _start(found: FoundDatabase, read: Callable[[LogFile], Iterable[object]]) -> tuple[int, BinaryIO]:
    """Start a process that reads a log and sends its results in pieces. Returns its id and the pipe for the pieces."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, os.fdopen(reading, "rb")
    try:  # from here on another process, which ends below whatever happens, and touches nothing that it has in common
        gc.disable()
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe, opened(found) as log:
            for piece in read(log):
                pickle.dump(piece, pipe)
    finally:
        os._exit(0)


def _received(pipe: BinaryIO) -> Part | None:
    """The next part from a process; None also where it came to an end."""
    try:
        part = pickle.load(pipe)  # noqa: S301  it comes from ourselves
    except (EOFError, pickle.UnpicklingError):
        return None
    return part if isinstance(part, Part) else None
