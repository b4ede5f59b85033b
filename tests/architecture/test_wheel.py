"""The wheel that a user installs: the package, whole, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from .tree import PACKAGE_FOLDERS, ROOT, tracked_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel built from this tree."""
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", directory],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (built,) = directory.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package(wheel: set[str]) -> None:
    """Each file of the top folders is in the package, at its place."""
    sources = (path.relative_to(ROOT) for path in tracked_files())
    expected = {f"opencode_ledger/{path}" for path in sources if path.parts[0] in PACKAGE_FOLDERS}
    assert expected - {"opencode_ledger/http/__main__.py"} <= wheel  # that one is the package's own __main__


@pytest.mark.slow
def test_the_wheel_holds_nothing_else_at_its_top(wheel: set[str]) -> None:
    """Nothing but the package and its description would be laid into a user's environment."""
    assert {Path(name).parts[0] for name in wheel} == {"opencode_ledger", "opencode_ledger-0.2.0a1.dist-info"}


@pytest.mark.slow
def test_the_wheel_can_be_run_as_a_module(wheel: set[str]) -> None:
    """`python -m opencode_ledger` works from the wheel."""
    assert "opencode_ledger/__main__.py" in wheel
