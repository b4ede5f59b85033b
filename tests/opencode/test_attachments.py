"""What may go along with a prompt: regular files and directories, within a limit, looked at and never opened."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from opencode_ledger.actors.opencode.attachments import file_parts
from opencode_ledger.domain.errors import AgentError

LIMIT = 1000


def _sized(size: int) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        path.touch()
        os.truncate(path, size)

    return make


def _socket(path: Path) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.close()


def _linked_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


KINDS: dict[str, tuple[Callable[[Path], object], str | None]] = {
    "empty": (_sized(0), None),
    "just small enough": (_sized(LIMIT), None),
    "a directory": (lambda path: path.mkdir(), None),
    "a byte too large": (_sized(LIMIT + 1), "FILE_UNFIT"),
    "sparse, 3 GiB": (_sized(3 * 2**30), "FILE_UNFIT"),
    "a pipe": (os.mkfifo, "FILE_UNFIT"),
    "a link to a pipe": (_linked_pipe, "FILE_UNFIT"),
    "a socket": (_socket, "FILE_UNFIT"),
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), "FILE_OUTSIDE"),
    "a link to nothing": (lambda path: path.symlink_to("nothing"), "FILE_NOT_FOUND"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_only_files_within_the_limit_go_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Each kind of file goes along or is refused with a code, without being opened."""
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    make, code = KINDS[kind]
    make(Path("file"))
    if code is None:
        assert len(file_parts(str(tmp_path), ("file",), LIMIT)) == 1
        return
    with pytest.raises(AgentError) as refusal:
        file_parts(str(tmp_path), ("file",), LIMIT)
    assert refusal.value.code == code


def test_a_file_that_grew_meanwhile_is_refused(tmp_path: Path) -> None:
    """What was small enough when it was named is looked at again when it goes along."""
    file = tmp_path / "log"
    file.write_bytes(b"x" * LIMIT)
    assert file_parts(str(tmp_path), ("log",), LIMIT)
    with file.open("ab") as growing:
        growing.write(b"x")
    with pytest.raises(AgentError, match="more than 1,000 bytes"):
        file_parts(str(tmp_path), ("log",), LIMIT)
