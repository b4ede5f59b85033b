"""One server per data directory."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from opencode_ledger.actors.store.lock import DataInUse, DataLock
from opencode_ledger.domain.errors import StoreError

HOLD = """
import sys
from pathlib import Path
from opencode_ledger.actors.store.lock import DataLock
DataLock.acquire(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def holder_of(directory: Path) -> "subprocess.Popen[str]":
    """Another process that holds the directory until it dies."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_kept_off_until_the_first_dies(tmp_path: Path) -> None:
    """Another server on the same data is refused with the first one's process id, and admitted once that is killed."""
    with holder_of(tmp_path) as first:
        try:
            with pytest.raises(DataInUse, match=f"process {first.pid}") as refusal:
                DataLock.acquire(tmp_path)
            assert refusal.value.code == "data_in_use"
        finally:
            first.send_signal(signal.SIGKILL)
    with DataLock.acquire(tmp_path):
        assert (tmp_path / "ledger.lock").read_text() == f"{os.getpid()}\n"


def test_a_second_server_in_the_same_process_is_kept_off_too(tmp_path: Path) -> None:
    """The lock holds against this very process, and is free again after its release."""
    with DataLock.acquire(tmp_path) as lock:
        with pytest.raises(DataInUse, match=str(tmp_path)):
            DataLock.acquire(tmp_path)
        lock.release()
        lock.release()
        DataLock.acquire(tmp_path).release()


def test_a_holder_that_has_not_yet_written_its_number_is_a_holder(tmp_path: Path) -> None:
    """Between the lock and the process id in it, the refusal just can't name the process."""
    with DataLock.acquire(tmp_path):
        (tmp_path / "ledger.lock").write_text("")
        with pytest.raises(DataInUse, match="by another server:"):
            DataLock.acquire(tmp_path)


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """A data directory that isn't there is made, and others can't look into it."""
    directory = tmp_path / "new"
    with DataLock.acquire(directory):
        assert directory.stat().st_mode & 0o777 == 0o700


def test_a_path_that_can_be_no_directory_is_refused_in_plain_words(tmp_path: Path) -> None:
    """Where a file is in the way the message names the path and the reason."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file/data can't be used: Not a directory"):
        DataLock.acquire(tmp_path / "file" / "data")


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file system can't lock, the server says so instead of running without a lock."""

    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(StoreError, match="can't be locked: No locks available"):
        DataLock.acquire(tmp_path)
