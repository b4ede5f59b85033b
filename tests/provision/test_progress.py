"""A person who waits for an installer sees that it goes on."""

import sys
from pathlib import Path

import pytest

from opencode_ledger.http.setup import programs


def test_a_long_program_is_no_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a program runs, a line comes at each interval; a short one causes none."""
    monkeypatch.setattr(programs, "WORD_EVERY", 0.05)
    said: list[str] = []
    with (tmp_path / "lock").open("wb") as lock:
        runner = programs.Runner(lock, tmp_path, tmp_path / "log", said.append)
        ends = "import pathlib, time\nwhile not pathlib.Path('end').exists(): time.sleep(0.01)"

        def hear(line: str) -> None:
            said.append(line)
            if len(said) == 3:
                (tmp_path / "end").touch()

        programs.Runner(lock, tmp_path, tmp_path / "log", hear).run("waiting for it", [sys.executable, "-c", ends])
        assert len(said) >= 3
        assert all(line.startswith("still waiting for it: ") for line in said)
        said.clear()
        monkeypatch.setattr(programs, "WORD_EVERY", 60)
        runner.run("looking", [sys.executable, "-c", ""])
        assert said == []
