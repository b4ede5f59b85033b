"""One server per data directory: an exclusive lock that ends with its process, however that ends."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from ...domain.errors import LedgerError, StoreError
from .evidence.beside import LOCK
from .evidence.files import size_of


class DataInUse(LedgerError):
    """Another server is using this data directory."""

    code = "data_in_use"


class DataLock:
    """Holds `ledger.lock` in a data directory, its process id inside.

    The kernel releases it when the process dies, so no lock is ever left behind. The file stays, because removing it
    would let two servers hold two files of the same name.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, directory: Path) -> Self:
        """Create the directory if need be, and lock it.

        Raises `DataInUse` if another server holds it, `StoreError` if the directory can't be used.
        """
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Its content is replaced, so it must be a file of this directory, and no link to another.
            size_of(directory / LOCK)
            descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            why = "It is a file" if isinstance(error, FileExistsError) else error.strerror
            raise StoreError(
                f"The data directory {directory} can't be used: {why}. "
                "Make it one that can be written to, or choose another with --data."
            ) from error
        try:
            _lock(descriptor, directory)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Release the directory. A second call is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _lock(descriptor: int, directory: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        who = f"another server (process {holder})" if holder else "another server"
        raise DataInUse(
            f"The data directory {directory} is in use by {who}: stop that one, or choose another with --data."
        ) from None
    except OSError as error:
        raise StoreError(f"The data directory {directory} can't be locked: {error.strerror}.") from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
