"""What the architecture tests look at: the project's files as git knows them, and their syntax trees."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE_FOLDERS: Final = ("domain", "actors", "projections", "http", "client")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Measured(NamedTuple):
    """A function with its place and its length in lines, the decorators not counted."""

    place: str
    lines: int


@cache
def tracked_files() -> tuple[Path, ...]:
    """The files that are in git or would be, links left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file() and not path.is_symlink()))


def python_files(*folders: str) -> tuple[Path, ...]:
    """The Python files under these folders of the root."""
    wanted = [ROOT / folder for folder in folders]
    return tuple(
        path for path in tracked_files() if path.suffix == ".py" and any(path.is_relative_to(top) for top in wanted)
    )


def text_files() -> Iterator[tuple[Path, str]]:
    """Every tracked file that is text, with its path from the root."""
    for path in tracked_files():
        try:
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def line_count(path: Path) -> int:
    """How many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def syntax_tree(source: str | Path) -> ast.Module:
    """The tree of a source, or of the file at a path. Raises `SyntaxError`.

    Python 3.11 now and then miscounts how deep it is when garbage is collected meanwhile (python/cpython issue 106905).
    """
    text = source if isinstance(source, str) else source.read_text(encoding="utf-8")
    try:
        return ast.parse(text)
    except SystemError:
        return ast.parse(text)


@cache
def functions(*folders: str) -> tuple[Measured, ...]:
    """Every function and method under these folders."""
    return tuple(
        Measured(
            f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1
        )
        for path in python_files(*folders)
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, Function)
    )
