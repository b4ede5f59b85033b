"""The promises of docs/guarantees.md are kept by tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "guarantees.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
PROMISE = re.compile(r"^(\d+)\. ", re.MULTILINE)


def defined_in(path: Path) -> set[str]:
    """The tests at the top of a file: functions, and state machines under their names."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def test_every_test_that_a_promise_names_exists() -> None:
    """No promise leans on a test that was renamed or taken away."""
    named = NAMED.findall(PAGE.read_text(encoding="utf-8"))
    missing = [
        f"{file}::{test}" for file, test in named if not (ROOT / file).is_file() or test not in defined_in(ROOT / file)
    ]
    assert named
    assert missing == []


def test_every_promise_names_a_test() -> None:
    """The promises are numbered from 1, and none stands without a test."""
    _, *parts = PROMISE.split(PAGE.read_text(encoding="utf-8"))
    numbers, texts = parts[::2], parts[1::2]
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)]
    assert [number for number, text in zip(numbers, texts, strict=True) if not NAMED.search(text)] == []
