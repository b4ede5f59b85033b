"""Files that may come from others are opened without following a link, without waiting, and up to a size.

In a directory of others a name can be a link to a file of the reader, a pipe that never answers, or a device that never
ends. None of these is opened.
"""

import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from ....domain.errors import StoreError

GIB: Final = 2**30
SPARSEST: Final = 64
"""A large file that takes up less than this part of its length on the disk is mostly holes: nobody has written that."""

_LAST_PAGE: Final = 2**32 - 1

_KINDS: Final = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotPlain(StoreError):
    """There is something else in the place of a file."""


def size_of(path: Path) -> int | None:
    """The length of a file; None if there is nothing. Follows no link. Raises `NotPlain`, `StoreError`."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}.") from None
    _check(path, found)
    return found.st_size


@contextmanager
def found_file(path: Path) -> Generator[int]:
    """A descriptor that reads a file. Raises `NotPlain` for anything else, `StoreError` if it can't be read."""
    size_of(path)  # says what is there; a link would only be "too many levels"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}.") from None
    try:
        _check(path, os.fstat(descriptor))
        yield descriptor
    finally:
        os.close(descriptor)


def content_of(path: Path, most: int) -> bytes:
    """The content of a small file. Raises `NotPlain`, and `StoreError`, also if it has more than `most` bytes."""
    with found_file(path) as descriptor:
        return read_up_to(path, descriptor, most)


@contextmanager
def found_lines(path: Path, most: int) -> Generator[Iterator[bytes]]:
    """The lines of a file, each with its end. Raises `NotPlain`, and `StoreError`, also for more than `most` bytes."""
    with found_file(path) as descriptor, open(descriptor, "rb", closefd=False) as file:
        yield _lines(path, file, most)


def _lines(path: Path, file: BinaryIO, most: int) -> Iterator[bytes]:
    try:
        while line := file.readline(most + 1):
            if len(line) > most:
                raise StoreError(f"{path} can't be read: it has a line of more than {most:,} bytes.")
            yield line
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}.") from None


def read_up_to(path: Path, descriptor: int, most: int) -> bytes:
    """All of an open file. Raises `StoreError` if it can't be read, or has more than `most` bytes."""
    try:
        content = os.pread(descriptor, most + 1, 0)
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}.") from None
    if len(content) > most:
        raise StoreError(f"{path} can't be read: it is longer than {most:,} bytes.")
    return content


def reader_of(descriptor: int) -> Callable[[int, int], bytes]:
    """Reads an open file: an offset and a number of bytes; fewer at its end."""

    def read(at: int, size: int) -> bytes:
        return os.pread(descriptor, size, at)

    return read


def pages_of(descriptor: int, page_size: int) -> Callable[[int], bytes]:
    """Reads the pages of an open file, numbered from 1 on; beyond its end they are empty."""

    def page(number: int) -> bytes:
        return os.pread(descriptor, page_size, (number - 1) * page_size) if number <= _LAST_PAGE else b""

    return page


def _check(path: Path, found: os.stat_result) -> None:
    for is_one, kind in _KINDS:
        if is_one(found.st_mode):
            raise NotPlain(f"{path} is {kind}, not a file: it was left alone.")
    if found.st_size > GIB and found.st_blocks * 512 * SPARSEST < found.st_size:
        raise NotPlain(f"{path} is {found.st_size:,} bytes long and mostly holes: it was left alone.")
