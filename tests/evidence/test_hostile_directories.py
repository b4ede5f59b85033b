"""Data directories of somebody who wants the auditor harm: each is refused in a sentence, and touches nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.evidence.conftest import Run, harmless
from tests.evidence.directories import HOSTILE, Make, link, named, pipe, sql
from tests.golden.release import THIS_VERSION, events_of

CODEBASE = events_of(THIS_VERSION)[0].stream


def commands(data: Path, into: Path, *, refused: bool) -> list[list[str]]:
    """All else that an auditor, or an operator, does with a data directory that somebody gave them."""
    at = ["--data", str(data)]
    looks = [["audit", "show", CODEBASE, *at], ["audit", "diff", CODEBASE, "0", *at]]
    return [
        *([] if refused else looks),
        ["audit", "show", *at],
        ["audit", "export", CODEBASE, *at, "--out", str(into / "export")],
        ["backup", str(into / "backup"), *at],
        ["restore", str(data), "--data", str(into / "restored")],
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_is_touched(name: str, sound: Path, decoy: Path, tmp_path: Path, run: Run) -> None:
    """Whatever is done with it, no file but the asked for is made, changed, removed or followed to."""
    make, words = HOSTILE[name]
    data = Path(shutil.copytree(sound, tmp_path / "data"))
    make(data, decoy)
    verified = run(["audit", "verify", str(data)], data, decoy)
    harmless(verified, data, decoy)
    assert words in verified["said"], verified
    assert verified["code"] or words == "sound", verified
    for command in commands(data, tmp_path / "into", refused=verified["code"] == 2):
        (tmp_path / "into").mkdir(exist_ok=True)
        report = run(command, data, decoy)
        harmless(report, data, decoy)
        assert report["code"] or command[0] != "restore" or words == "sound", report
        shutil.rmtree(tmp_path / "into")


def shell_link(data: Path, decoy: Path) -> None:
    """The draft of a shell leads elsewhere."""
    (data / "shell").mkdir()
    link("shell/bash.new", "precious")(data, decoy)


LINKS = [name for name in HOSTILE if "link" in name or "pipe" in name or "names" in name]
MORE: dict[str, tuple[Make, str]] = {
    "instance is a link": (link("instance", "precious"), "is a link"),
    "instance is a link to nothing": (link("instance", "nothing"), "is a link"),
    "instance is a pipe": (pipe("instance"), "is a pipe"),
    "draft of the key is a link": (link("checkpoint.key.new", "precious"), "is a link"),
    "shell is a link": (link("shell", "more"), "is a link"),
    "views are a link": (link("views.db", "other.db"), "is a link"),
    "views' log ahead is a link": (link("views.db-wal", "precious"), "is a link"),
    "views' journal is a pipe": (pipe("views.db-journal"), "is a pipe"),
    "moments are a link": (link("moments.db", "other.db"), "is a link"),
    "temporary files are a link": (link("tmp", "more"), "is a link"),
    "a shell is a link": (shell_link, "is a link"),
    "views' journal names a file": (
        lambda data, decoy: [shutil.copyfile(decoy / "other.db", data / "views.db"), named("views.db", "precious")(data, decoy)],
        "names another file",
    ),
    "statistics are endless": (
        sql("ledger.db", "ANALYZE", "INSERT INTO sqlite_stat1 SELECT 'x', 'y', topic FROM stored_events, (SELECT 1 UNION SELECT 2)"),
        "statistics",
    ),
    "schema of a thousand views": HOSTILE["schema of a thousand views"],
}  # fmt: skip


@pytest.mark.parametrize("name", [*LINKS, *MORE])
def test_what_writes_follows_nothing(name: str, sound: Path, tmp_path: Path, run: Run, decoy: Path) -> None:
    """An erasure and a start write into the directory, and nowhere else, whatever lies in it."""
    make, words = MORE.get(name) or HOSTILE[name]
    for command in (["start"], ["erase", "--older-than", "1h", "--reason", "x", "--yes", "--data"]):
        data = Path(shutil.copytree(sound, tmp_path / command[0] / "data"))
        make(data, decoy)
        report = run([*command, str(data)], decoy)
        harmless(report, None, decoy)
        if command == ["start"]:
            assert report["code"] == 2, report
            assert words in report["said"] or name.startswith(("lock", "log is a pipe")), report


STRACE = shutil.which("strace")


@pytest.mark.skipif(STRACE is None, reason="strace isn't there, which sees what SQLite itself opens")
@pytest.mark.parametrize("name", ["journal names a file", "log ahead changes an event", "log is a link"])
def test_what_sqlite_itself_opens(name: str, sound: Path, tmp_path: Path, decoy: Path) -> None:
    """Also by the system's own account no file of others is opened or removed, and none of the evidence is written."""
    data = Path(shutil.copytree(sound, tmp_path / "data"))
    HOSTILE[name][0](data, decoy)
    trace = tmp_path / "trace"
    main = "from opencode_ledger.http.cli.main import main; main()"
    command = [str(STRACE), "-f", "-e", "trace=%file", "-o", str(trace), sys.executable, "-c", main, "audit", "verify"]
    ended = subprocess.run([*command, str(data)], capture_output=True, text=True, check=False)
    if "PTRACE" in ended.stderr:
        pytest.skip("strace isn't allowed here")
    calls = trace.read_text(errors="replace").splitlines()
    assert any(f'"{data}/ledger.db' in call for call in calls)
    assert [call for call in calls if str(decoy) in call and "readlink" not in call] == []
    changing = ("O_WRONLY", "O_RDWR", "O_CREAT", "unlink", "rename", "mkdir")
    assert [call for call in calls if f'"{data}' in call and any(word in call for word in changing)] == []


@pytest.mark.parametrize("suffix", ["-journal", "-wal", "-shm"])
def test_what_lies_where_it_is_restored(suffix: str, sound: Path, tmp_path: Path, decoy: Path, run: Run) -> None:
    """What was left beside another file would be done to the restored one, so nothing is restored there."""
    data = tmp_path / "data"
    data.mkdir()
    (data / f"ledger.db{suffix}").write_bytes(b"x")
    report = run(["restore", str(sound), "--data", str(data)], data, decoy)
    harmless(report, sound, decoy)
    assert report["code"] == 2, report
    assert f"already has ledger.db{suffix}" in report["said"]
