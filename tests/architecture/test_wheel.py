"""The wheel that a user installs: the package, whole, and nothing else."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from trove_classifiers import classifiers

from .tree import PACKAGE_FOLDERS, ROOT, tracked_files


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this tree."""
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", directory],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (file,) = directory.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def wheel(built: Path) -> set[str]:
    """The names in the wheel."""
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(built: Path) -> str:
    """What the wheel says of itself to an index."""
    with zipfile.ZipFile(built) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        return archive.read(name).decode()


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


@pytest.mark.slow
def test_the_description_is_whole(metadata: str) -> None:
    """An index shows what it is, for whom, with which Pythons, under which licence, and the README."""
    for line in ("License-Expression: MIT", "Requires-Python: >=3.11", "Description-Content-Type: text/markdown"):
        assert f"{line}\n" in metadata
    for version in ("3.11", "3.12", "3.13"):
        assert f"Classifier: Programming Language :: Python :: {version}\n" in metadata
    for name in ("Summary", "Author", "Keywords", "Classifier: Typing", "License-File"):
        assert f"\n{name}: " in metadata or f"\n{name} ::" in metadata
    assert (ROOT / "README.md").read_text(encoding="utf-8").strip() in metadata


@pytest.mark.slow
def test_every_classifier_exists(metadata: str) -> None:
    """An index refuses a package with an unknown classifier."""
    assert {line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Classifier: ")} <= classifiers


@pytest.mark.slow
def test_the_source_has_what_the_wheel_has_not(tmp_path: Path) -> None:
    """The files for operators are in the source distribution."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (built,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    deployed = {str(path.relative_to(ROOT)) for path in tracked_files() if path.is_relative_to(ROOT / "deploy")}
    assert deployed
    assert deployed <= names
