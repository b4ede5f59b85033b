"""The virtual environment and the Python packages in it, at the versions of constraints.txt."""

import shutil
import sys
from pathlib import Path
from typing import Final

from scripts.provision.progress import ROOT, TOOLS, say

from opencode_ledger.http.setup.programs import Runner, SetupFailed

VENV: Final = ROOT / ".venv"
PYTHON: Final = VENV / "bin/python"
CONSTRAINTS: Final = ROOT / "constraints.txt"

_WHOLE = VENV / "made-for"  # where the environment stands: its scripts hold that path, so it can't be moved
_UNDER_WAY = VENV / "installing"  # there while packages are put in, so left behind by an interrupted set-up


def install_packages(runner: Runner, profile: str) -> None:
    """Have the project installed for use (`run`), or for work on it (`dev`). What is in place is kept."""
    if not _usable(runner):
        _make_environment(runner)
    _UNDER_WAY.touch()
    say("installing the Python packages (half a minute or so) ..." if profile == "run" else
        "installing the Python packages, with those for the tests (a minute or so) ...")  # fmt: skip
    # The build backends come first and pinned, rather than unpinned into build environments of pip's own:
    # hatchling is ours, setuptools that of a package for the tests which has no wheel.
    pip(runner, "hatchling", "setuptools")
    pip(runner, "--no-build-isolation", "--editable", f"{ROOT}[dev]" if profile == "dev" else str(ROOT))
    _UNDER_WAY.unlink()
    _link_ripgrep()


def pip(runner: Runner, *arguments: str) -> None:
    """`pip install` into the environment, within the constraints."""
    runner.run(
        "installing the Python packages",
        [PYTHON, "-m", "pip", "install", "--no-input", "--constraint", CONSTRAINTS, *arguments],
        # Settings that are meant for the person's other Pythons.
        {"PIP_USER": "0", "PIP_TARGET": "", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONNOUSERSITE": "1"},
    )


def _usable(runner: Runner) -> bool:
    """Whether the environment was made whole, for this place, with a Python that still runs."""
    if not _WHOLE.is_file() or _WHOLE.read_text() != str(VENV) or _UNDER_WAY.exists():
        return False
    try:
        runner.run("looking at the environment", [PYTHON, "-m", "pip", "--version"])
    except SetupFailed:
        return False
    return True


def _make_environment(runner: Runner) -> None:
    say(f"making the virtual environment with Python {sys.version.split()[0]} ...")
    if VENV.exists():
        shutil.rmtree(VENV)
    runner.run("making the virtual environment", [sys.executable, "-m", "venv", VENV])
    _WHOLE.write_text(str(VENV))


def _link_ripgrep() -> None:
    """Put the package's ripgrep beside opencode, in a directory that can go on PATH without our Python."""
    link = TOOLS / "bin/rg"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(Path("../../.venv/bin/rg"))
