"""The words that this project avoids: home-made or old-fashioned where the field has a standard term."""

import re
from pathlib import Path

import pytest

from .tree import ROOT

# Each avoided word with what to write instead. Text and names alike: a name is split at its underscores first.
AVOIDED = {
    r"tell|tells|told|telling|retell|retold": "print, render, report, say",
    r"anew": "again, or: rebuilt",
    r"whoever|whosoever": "anyone who, the caller, the client",
    r"usual": "default",
    r"farewell": "shutdown",
    r"let(?:s|ting)? go": "release, stop, abort",
    r"put down": "terminate, stop",
    r"for good": "permanently",
    r"of (?:before|earlier)": "earlier, previous",
    r"so many": "N, or: that number of",
    r"leave to use": "permission",
    r"setbacks?": "consecutive failures",
    r"surplus": "over the limit, unknown parameter",
    r"complaints?": "validation message",
    r"whose end was cut off": "truncated",
    r"of the latter|the former": "name the thing",
    r"wherefore|whereof|thereof|therein|hereby": "plain words",
}
# What is held to it. All that people read and all names; a decision record keeps the words of its day.
HELD: tuple[str, ...] = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "actors",
    "docs",
    "domain",
    "http",
    "projections",
    "scripts",
    "tests/actors",
    "tests/api",
    "tests/architecture",
    "tests/browser",
    "tests/cli",
    "tests/clients",
    "tests/conftest.py",
    "tests/contract",
    "tests/domain",
    "tests/evidence",
    "tests/faults",
    "tests/golden",
    "tests/opencode",
    "tests/page",
    "tests/projections",
    "tests/provision",
    "tests/simulation",
    "tests/sse",
    "tests/store",
    "tests/support",
    "tests/workflow",
)
RECORD = re.compile(r"adr/[\w-]+\.md")
OTHERS = {"adr", "node_modules", "vendored"}
SUFFIXES = {".py", ".md", ".js", ".html"}
PATTERN = re.compile(r"\b(?:" + "|".join(AVOIDED) + r")\b", re.IGNORECASE)


def texts_under(place: str) -> list[Path]:
    path = ROOT / place
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return [file for file in files if file.suffix in SUFFIXES and not OTHERS & {*file.parts} and file.is_file()]


@pytest.mark.parametrize("place", HELD)
def test_the_words_are_the_fields_own(place: str) -> None:
    """A stranger reads names, docs, help and errors without a glossary."""
    found = [
        f"{file.relative_to(ROOT)}:{number}: {match.group()!r} in {line.strip()[:100]}"
        for file in texts_under(place)
        if file != Path(__file__)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        for match in PATTERN.finditer(RECORD.sub("", line).replace("_", " "))
    ]
    assert found == []
