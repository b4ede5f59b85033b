"""What a test left behind: open files and child processes, looked at before and after each test, so it has to be cheap."""

# ruff: noqa: PTH115, PTH123, PTH208 (five thousand tests look twice: objects for paths would cost more than what is read)

import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

_DESCRIPTORS: Final = "/proc/self/fd" if Path("/proc/self/fd").exists() else "/dev/fd"
_THREADS: Final = "/proc/self/task"


def left_since_now() -> Callable[[], list[str]]:
    """A function that returns which files and children appeared since now."""
    files, children = _open_files(), _children()

    def left() -> list[str]:
        new = _open_files() - files
        if new:
            gc.collect()  # in a cycle, a file stays open a little longer
            new = _open_files() - files
        return [*sorted(new), *sorted(_children() - children)]

    return left


def _open_files() -> set[str]:
    found: set[str] = set()
    for name in os.listdir(_DESCRIPTORS):
        if int(name) <= 2:  # pytest's capture changes them at will
            continue
        try:
            found.add(f"file {name}: {os.readlink(f'{_DESCRIPTORS}/{name}')}")
        except OSError:  # the directory's own, closed by now
            continue
    return found


def _children() -> set[str]:
    """All processes beneath this one. To find them, psutil reads of every process of the machine who its parent is."""
    if not _has_children():
        return set()
    return {f"process {child.pid}: {child.name()}" for child in psutil.Process().children(recursive=True)}


def _has_children() -> bool:
    """Whether the kernel knows any child of ours. Most tests have none. True where it doesn't say."""
    try:
        return any(_read(f"{_THREADS}/{thread}/children") for thread in os.listdir(_THREADS))
    except OSError:  # another system, or a thread that has just ended
        return True


def _read(path: str) -> str:
    with open(path) as file:
        return file.read()
