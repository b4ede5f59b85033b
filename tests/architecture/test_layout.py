"""The layout: the folders at the root are one package, and hide nothing of the standard library."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from .tree import PACKAGE_FOLDERS, ROOT


def test_http_is_the_standard_library_s_even_at_the_root() -> None:
    """Started in the project's own folder, Python still finds its own http package, and aiohttp works."""
    asked = subprocess.run(
        [sys.executable, "-c", "import http, aiohttp; from http import HTTPStatus; print(http.__file__)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not Path(asked.stdout.strip()).is_relative_to(ROOT / "http")


@pytest.mark.parametrize("folder", PACKAGE_FOLDERS)
def test_a_folder_of_the_package_has_no_init_file_at_its_top(folder: str) -> None:
    """With an __init__.py the folder would stand in for a module of that name when the root is on the path.

    The client's has one, for its users import names from it; no other module is called so.
    """
    assert (ROOT / folder / "__init__.py").exists() == (folder == "client")


@pytest.mark.parametrize("folder", PACKAGE_FOLDERS)
def test_a_folder_of_the_package_is_typed(folder: str) -> None:
    """A user's type checker reads our annotations."""
    assert (ROOT / folder / "py.typed").is_file()


@pytest.mark.parametrize("name", [*PACKAGE_FOLDERS, "__main__.py"])
def test_a_link_of_the_package_leads_to_what_it_names(name: str) -> None:
    """The folder of links shows the package's parts to installers and tools, by relative links that git keeps."""
    link = ROOT / ".dev/opencode_ledger" / name
    target = ROOT / ("http/__main__.py" if name == "__main__.py" else name)
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == target.resolve()


@pytest.mark.parametrize("folder", PACKAGE_FOLDERS)
def test_the_package_s_parts_are_imported_from_the_tree(folder: str) -> None:
    """What the tests import is the code in this tree, not an installed copy."""
    spec = find_spec(f"opencode_ledger.{folder}")
    assert spec is not None
    places = {Path(place).resolve() for place in spec.submodule_search_locations or ()}
    assert places == {ROOT / folder}


def test_the_page_shows_every_room() -> None:
    """The list of rooms in the architecture page has each folder of the package, and no other."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").partition("## Rooms")[2].split("```")[1]
    shown = {name for line in page.splitlines() if line.startswith("  ") for name in re.findall(r"\b(\w+)/", line)}
    rooms = {path.parent.name for folder in PACKAGE_FOLDERS for path in (ROOT / folder).glob("*/**/__init__.py")}
    assert rooms == shown - {"static", "javascript"}
