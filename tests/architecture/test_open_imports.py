"""Every import stands at the top of its module: one that hides in a function or behind a condition may hide a circle."""

import ast
from pathlib import Path
from typing import Final

import pytest

from .tree import PACKAGE_FOLDERS, ROOT, python_files, syntax_tree

HIDDEN: Final = {
    "client/ledger.py": "aiohttp takes longer than the rest together, and the blocking client needs none of it",
    "http/traces/spans.py": "OpenTelemetry's packages are optional",
}
"""Modules with an import that isn't at the top, each with the reason."""


def hidden_imports(source: str) -> list[int]:
    """The lines of imports that are not statements of the module itself, or for type checkers alone."""
    tree = syntax_tree(source)
    open_ones = {id(node) for node in tree.body}
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    checking = ("TYPE_CHECKING" in {alias.name for alias in node.names} for node in imports)
    assert not any(checking), "an import for type checkers alone hides what a module needs"
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in open_ones
    ]


def name_of(path: Path) -> str:
    """A module's path from the root."""
    return str(path.relative_to(ROOT))


def test_every_import_is_open() -> None:
    """No module imports inside a function, a class or a condition, but for those with a reason."""
    found = {name_of(path) for path in python_files(*PACKAGE_FOLDERS) if hidden_imports(path.read_text("utf-8"))}
    assert found == set(HIDDEN)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    from . import g",
        "class A:\n    import os",
        "try:\n    import os\nexcept ImportError:\n    pass",
        "if True:\n    import os",
        "async def f():\n    async with g():\n        import os",
    ],
)
def test_a_hidden_import_is_found(source: str) -> None:
    """Wherever an import hides, it is found; one at the top is not taken for it."""
    assert hidden_imports(source)
    assert not hidden_imports("import os\nfrom . import g")


def test_an_import_for_checkers_alone_is_found() -> None:
    """A module doesn't ask whether only a type checker reads it."""
    with pytest.raises(AssertionError):
        hidden_imports("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import g")
