"""There is one way into the log, and what goes that way is masked."""

import ast

from .tree import PACKAGE_FOLDERS, ROOT, python_files, syntax_tree


def callers(name: str) -> set[str]:
    """The files of the package that call a function of this name."""
    return {
        str(path.relative_to(ROOT))
        for path in python_files(*PACKAGE_FOLDERS)
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    }


def test_events_are_made_into_bytes_by_the_actor_alone() -> None:
    """Whatever is to be recorded goes through the actor, which masks it; so does an erasure, when no actor lives."""
    assert callers("encode") - {"domain/secrets/forms.py"} == {"actors/codebase_stream.py", "http/offline/erasing.py"}
