"""The direction of imports, checked by import-linter and by reading: the linter can't see what it was not shown."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from .tree import PACKAGE_FOLDERS, ROOT, python_files, syntax_tree

MAY_IMPORT = {
    "domain": {"domain"},
    "actors": {"actors", "domain"},
    "projections": {"projections", "domain"},
    "http": {"http", "actors", "projections", "domain", "client"},
    "client": {"client"},
}


def folders_imported_by(path: Path) -> set[str]:
    """The folders of ours that a module of the package imports from."""
    package = path.relative_to(ROOT).parent.parts
    found: set[str] = set()
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            up = package[: len(package) - (node.level - 1)]
            target = (*up, *(node.module or "").split("."))
            found |= {target[0]} if target[0] else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("opencode_ledger") or path.name == "__main__.py", path
    return found


@pytest.mark.parametrize("folder", PACKAGE_FOLDERS)
def test_a_folder_imports_only_from_those_beneath_it(folder: str) -> None:
    """Imports point inwards, and are relative, so that a reader finds the very file."""
    wrong = {
        str(path.relative_to(ROOT)): sorted(outside)
        for path in python_files(folder)
        if path.name != "__main__.py" and (outside := folders_imported_by(path) - MAY_IMPORT[folder])
    }
    assert wrong == {}


def test_the_contracts_of_the_layers_are_kept() -> None:
    """import-linter finds every contract kept."""
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


def test_an_audit_is_read_in_few_modules() -> None:
    """A reader who checks the checker reads `verify` and its imports: few modules, and none of the server's."""
    started = "import sys, opencode_ledger.http.offline.verify; print(*sys.modules)"
    asked = subprocess.run([sys.executable, "-c", started], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = asked.stdout.split()
    ours = [
        name for name in modules if (ROOT / f"{name.removeprefix('opencode_ledger.').replace('.', '/')}.py").is_file()
    ]
    assert len(ours) <= 46
    assert [name for name in modules if name.partition(".")[0] in ("aiohttp", "pydantic")] == []
