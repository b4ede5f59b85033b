"""What no file of the project says: places that others don't have, promises to tidy up later, names that say nothing."""

import re

import pytest

from .tree import PACKAGE_FOLDERS, python_files, text_files

# Put together here, so that this file does not say them either.
REGISTRY_HOSTS = re.compile(
    "|".join(
        re.escape(host)
        for host in ("registry." + "npmjs", "pypi." + "org", "files." + "pythonhosted", "deb." + "debian")
    )
)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:" + "|".join(("ro" + "ot", "wo" + "rk")) + ")/")
UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b|pragma: " + "no cover")
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc"}


def found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in text_files()
        if "vendored" not in path.parts or pattern is not UNFINISHED  # others' own notes to themselves
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_registry() -> None:
    """Packages are named; where they come from is each machine's own setting."""
    assert found(REGISTRY_HOSTS) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    """Nothing depends on where somebody keeps the project."""
    assert found(MACHINE_PATHS) == []


def test_nothing_is_left_unfinished() -> None:
    """What is in the tree is done; what is not done is not announced in it."""
    assert found(UNFINISHED) == []


@pytest.mark.parametrize("folder", [*PACKAGE_FOLDERS, "scripts", "tests"])
def test_every_module_is_named_for_what_it_holds(folder: str) -> None:
    """A module's name says what is in it."""
    assert [path for path in python_files(folder) if path.stem in EMPTY_NAMES] == []
