"""Looks at real directories: within their limits, through no link, and with nothing run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from opencode_ledger.actors.opencode.files.tree_scan import DEPTH, scan_files, scan_tree
from opencode_ledger.actors.opencode.host.snapshot_locks import remove_stale_locks
from opencode_ledger.domain.file_trees import Look, changes


def test_too_many_files_or_too_long(tmp_path: Path) -> None:
    """Beyond its limits a look says that it doesn't know."""
    for number in range(1001):
        (tmp_path / str(number)).touch()
    assert len(scan_tree(str(tmp_path), files=1001).files or ()) == 1001
    assert scan_tree(str(tmp_path), files=1000) == Look(None)
    assert scan_tree(str(tmp_path), seconds=-1.0) == Look(None)


def test_what_is_not_there_or_too_deep(tmp_path: Path) -> None:
    """A directory that is gone, is a link, or lies too deep, is one that can't be read; paths may be longer than the system takes."""
    (tmp_path / "link").symlink_to(tmp_path)
    hidden = Look({}, frozenset({b""}))
    assert (scan_tree(str(tmp_path / "gone")), scan_tree(str(tmp_path / "link"))) == (hidden, hidden)
    place = os.open(tmp_path, os.O_RDONLY)
    for _ in range(DEPTH + 1):
        os.mkdir("n" * 100, dir_fd=place)
        below = os.open("n" * 100, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(os.open("f", os.O_CREAT, dir_fd=place))
    os.close(place)
    look = scan_tree(str(tmp_path))
    assert set(look.files or ()) == {b"link"}
    assert [path.count(b"/") for path in look.hidden] == [DEPTH]


def test_no_link_is_followed_and_nothing_of_git_is_read(tmp_path: Path) -> None:
    """A link is a file; of a repository's own directory only what decides what git runs counts, at any depth."""
    (tmp_path / "a/.git/hooks").mkdir(parents=True)
    for name in ("config", "index", "HEAD", "hooks/post-commit"):
        (tmp_path / "a/.git" / name).touch()
    (tmp_path / "up").symlink_to("/")
    (tmp_path / "loop").symlink_to(".")
    (tmp_path / "nowhere").symlink_to("not there")
    found = scan_tree(str(tmp_path)).files or {}
    assert set(found) == {b"a/.git/config", b"a/.git/hooks/post-commit", b"up", b"loop", b"nowhere"}
    marks = scan_files(
        str(tmp_path), [b"a/.git/config", b"up", b"up/etc/passwd", b"loop/up", b"a", b"gone", b"n" * 300]
    )
    assert marks == {
        b"a/.git/config": found[b"a/.git/config"],
        b"up": found[b"up"],
        **dict.fromkeys((b"a", b"gone", b"n" * 300)),
    }


@pytest.mark.parametrize("change", ["content", "mode", "times put back", "another file", "nothing"])
def test_a_mark_is_of_one_state(tmp_path: Path, change: str) -> None:
    """Another content, mode or file makes another mark, also where the size and the time are as they were."""
    file = tmp_path / "file"
    file.write_text("abc")
    times = (1_000_000_000, 1_000_000_000)
    os.utime(file, times)
    before = scan_tree(str(tmp_path))
    match change:
        case "content":
            file.write_text("xyz")
        case "mode":
            file.chmod(0o700)
        case "times put back":
            file.write_text("xyz")
            os.utime(file, times)
        case "another file":
            (tmp_path / "new").write_text("abc")
            (tmp_path / "new").replace(file)
        case _:
            file.read_text()
    found = [(found.path, found.action) for found in changes(before, scan_tree(str(tmp_path)))]
    assert found == ([] if change == "nothing" else [(b"file", "modify")])


def test_a_lock_goes_only_where_nobody_works(tmp_path: Path) -> None:
    """A lock of a repository that a process names is left; one that nobody does is removed; a home without any is none."""
    remove_stale_locks(tmp_path / ".local/share/opencode")
    snapshots = tmp_path / ".local/share/opencode/snapshot/project"
    for name in ("left", "used"):
        (snapshots / name).mkdir(parents=True)
        (snapshots / name / "index.lock").touch()
    with subprocess.Popen([sys.executable, "-c", "input()", "--git-dir", str(snapshots / "used")], stdin=-1) as working:
        remove_stale_locks(tmp_path / ".local/share/opencode")
        assert [(snapshots / name / "index.lock").exists() for name in ("left", "used")] == [False, True]
        working.kill()
    remove_stale_locks(tmp_path / ".local/share/opencode")
    assert not (snapshots / "used/index.lock").exists()
