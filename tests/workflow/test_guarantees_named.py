"""The promises of docs/guarantees.md are kept by tests that exist."""

import ast
import re
from pathlib import Path

from tests.architecture.tree import syntax_tree

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "guarantees.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
PROMISE = re.compile(r"^(\d+)\. ", re.MULTILINE)


def collected_in(path: Path) -> set[str]:
    """What pytest runs of the top of a file: functions, and state machines under their names."""
    return {
        name
        for node in syntax_tree(path).body
        for name in _names(node)
        if name.startswith("test_") or (name.startswith("Test") and _is_collected(node))
    }


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    return (
        [target.id for target in node.targets if isinstance(target, ast.Name)] if isinstance(node, ast.Assign) else []
    )


def _is_collected(node: ast.stmt) -> bool:
    """Whether it is a test case: `TestLog = LogMachine.TestCase`."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute) and node.value.attr == "TestCase"


def test_every_test_that_a_promise_names_exists() -> None:
    """No promise leans on a test that was renamed or taken away."""
    named = NAMED.findall(PAGE.read_text(encoding="utf-8"))
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (ROOT / file).is_file() or test not in collected_in(ROOT / file)
    ]
    assert named
    assert missing == []


def test_every_promise_names_a_test() -> None:
    """The promises are numbered from 1, and none stands without a test."""
    _, *parts = PROMISE.split(PAGE.read_text(encoding="utf-8"))
    numbers, texts = parts[::2], parts[1::2]
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)]
    assert [number for number, text in zip(numbers, texts, strict=True) if not NAMED.search(text)] == []
