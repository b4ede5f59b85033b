"""The guards around every test, shown to bite: what a test leaves behind fails it."""

import subprocess
import sys
from pathlib import Path

import pytest

from .tree import ROOT

LEAKS = {
    "a task": "async def test_it():\n    kept.append(asyncio.create_task(asyncio.sleep(60)))",
    "an open file": "async def test_it():\n    kept.append(os.open(__file__, os.O_RDONLY))",
    "an open file, without a loop": "def test_it():\n    kept.append(os.open(__file__, os.O_RDONLY))",
    "a process": "def test_it():\n    kept.append(subprocess.Popen(['sleep', '60']))\n    atexit.register(kept[0].kill)",
}


def run_guarded(directory: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Run one test under this project's guards, in a session of its own."""
    test = directory / "test_it.py"
    test.write_text(f"import asyncio, atexit, os, subprocess\nkept = []\n{body}\n")
    options = ["-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "--asyncio-mode=auto"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--rootdir={directory}", "-c", "/dev/null", test],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("leak", LEAKS)
def test_a_test_that_leaves_something_behind_fails(tmp_path: Path, leak: str) -> None:
    """A leaked task, process or file is told by the test that leaked it."""
    run = run_guarded(tmp_path, LEAKS[leak])
    assert "the test left behind" in run.stdout, run.stdout
    assert run.returncode != 0


@pytest.mark.slow
def test_a_test_that_tidies_up_passes(tmp_path: Path) -> None:
    """The guards do not bite the innocent."""
    run = run_guarded(tmp_path, "async def test_it():\n    await asyncio.create_task(asyncio.sleep(0))")
    assert run.returncode == 0, run.stdout
