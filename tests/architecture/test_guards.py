"""The guards around every test, shown to bite: what a test leaves behind fails it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .tree import ROOT

LEAKS = {
    "test_a_task": "kept.append(asyncio.create_task(asyncio.sleep(60)))",
    "test_an_open_file": "kept.append(os.open(__file__, os.O_RDONLY))",
    "test_a_process": "start()",
    "test_a_process_of_a_thread": "await asyncio.to_thread(start)",
}
INNOCENT = "async def test_the_innocent():\n    await asyncio.create_task(asyncio.sleep(0))\n"
HEAD = """import asyncio, atexit, os, subprocess
import tests.conftest
tests.conftest.PATIENCE = 0.2
kept = []
def start():
    kept.append(subprocess.Popen(['sleep', '60']))
    atexit.register(kept[-1].kill)
"""


def run_guarded(directory: Path) -> dict[str, str]:
    """Run all of these under this project's guards, in a session of its own: how each test ended, by its name."""
    bodies = [f"async def {name}():\n    {body}\n" for name, body in LEAKS.items()]
    without_a_loop = [
        f"def {name}_without_a_loop():\n    {LEAKS[name]}\n" for name in ("test_an_open_file", "test_a_process")
    ]
    test = directory / "test_it.py"
    test.write_text("\n".join([HEAD, *bodies, *without_a_loop, INNOCENT]))
    options = ["-q", "-rA", "-p", "tests.conftest", "-p", "no:cacheprovider", "--asyncio-mode=auto"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--rootdir={directory}", "-c", "/dev/null", test],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "500"},  # so that no line is cut
        capture_output=True,
        text=True,
        check=False,
    )
    ends = [line for line in run.stdout.splitlines() if line.startswith(("PASSED", "FAILED", "ERROR"))]
    outcomes = {line.partition("::")[2].partition(" ")[0]: line for line in ends}
    assert len(outcomes) == len(LEAKS) + 3, run.stdout
    return outcomes


@pytest.mark.slow
def test_a_test_that_leaves_something_behind_fails(tmp_path: Path) -> None:
    """A leaked task, process or file is reported by the test that leaked it, and by no other."""
    outcomes = run_guarded(tmp_path)
    assert outcomes.pop("test_the_innocent").startswith("PASSED")
    for line in outcomes.values():
        assert "the test left behind" in line, line
