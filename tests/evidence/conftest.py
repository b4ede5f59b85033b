"""The watcher, and what it guards."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.golden.release import ROOT, THIS_VERSION, write_data

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound data directory."""
    return write_data(THIS_VERSION, tmp_path_factory.mktemp("sound") / "data")


@pytest.fixture
def decoy(tmp_path: Path) -> Path:
    """What is nobody's business: files of the auditor's."""
    place = tmp_path / "decoy"
    (place / "more").mkdir(parents=True)
    (place / "precious").write_text("precious")
    with closing(sqlite3.connect(place / "other.db")) as connection:
        connection.execute("CREATE TABLE other (x)")
    return place


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Generator[Run]:
    """Runs command lines in the watcher."""
    temporary = tmp_path_factory.mktemp("temporary")
    (temporary / "home").mkdir()
    watcher = subprocess.Popen(
        [sys.executable, "-m", "tests.evidence.watcher"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(temporary), "HOME": str(temporary / "home")},
    )
    assert watcher.stdin
    assert watcher.stdout

    def ask(words: list[str], *watched: Path) -> dict[str, Any]:
        assert watcher.stdin
        assert watcher.stdout
        line = {"words": words, "watched": [str(place) for place in (*watched, temporary)]}
        print(json.dumps(line), file=watcher.stdin, flush=True)
        report: dict[str, Any] = json.loads(watcher.stdout.readline())
        return report

    yield ask
    watcher.stdin.close()
    assert watcher.wait(10) == 0
    watcher.stdout.close()


def harmless(report: dict[str, Any], data: Path | None, decoy: Path) -> None:
    """A run ended with one of the exit codes that the help names, and touched nothing of others.

    `data`: what it may not write to either.
    """
    assert report["code"] in (0, 1, 2), report
    assert "Traceback" not in report["said"], report
    assert report["changed"] == [], report
    strangers = [each for each in report["touched"] if str(decoy) in each or "/dev/zero" in each]
    assert strangers == [], report
    written = [each for each in report["touched"] if data and each.startswith(f"write {data}")]
    assert written == [], report
