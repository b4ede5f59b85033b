"""The architecture page tells what the code does."""

import re
from pathlib import Path

from opencode_ledger.domain.codebase.lifecycle import TRANSITIONS, Outcome, Phase
from opencode_ledger.domain.errors import CodebaseNotFound

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def cell(outcome: Outcome) -> str:
    """What the page says of an outcome."""
    if isinstance(outcome, Phase):
        return outcome.value
    return "404" if issubclass(outcome, CodebaseNotFound) else "409"


def test_the_table_of_the_life_cycle_is_the_code_s() -> None:
    """The page's table is the table of transitions, row by row."""
    rows = [f"| {phase.value} | {' | '.join(map(cell, row))} |" for phase, row in TRANSITIONS.items()]
    assert "\n".join(rows) in PAGE


def test_every_file_that_the_documents_name_exists() -> None:
    """No page of the documentation sends its reader to a file that is not there."""
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    missing: list[str] = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"`((?:domain|actors|projections|http|tests|scripts|docs)/[\w/.-]+)`", text)
        linked = re.findall(r"\]\(((?!https?:)[^)#]+)\)", text)
        missing += [f"{page.name}: {name}" for name in named if not (ROOT / name).exists()]
        missing += [f"{page.name}: {link}" for link in linked if not (page.parent / link).exists()]
    assert missing == []
