"""The pages say what the code does and lead nowhere else."""

import ast
import re
from pathlib import Path

from tests.architecture.tree import PACKAGE_FOLDERS, python_files, syntax_tree

from opencode_ledger.domain.codebase.lifecycle_rules import TRANSITIONS, Outcome, Phase
from opencode_ledger.domain.errors import CodebaseNotFound

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "life-cycle.md").read_text(encoding="utf-8")

HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


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
    missing: list[str] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"`((?:domain|actors|projections|http|tests|scripts|docs)/[\w/.-]+)`", text)
        linked = re.findall(r"\]\(((?!https?:)[^)#]+)\)", text)
        missing += [f"{page.name}: {name}" for name in named if not (ROOT / name).exists()]
        missing += [f"{page.name}: {link}" for link in linked if not (page.parent / link).exists()]
    assert missing == []


def test_every_section_that_the_documents_link_to_exists() -> None:
    """No link leads to a heading that was renamed."""
    sections = {page: {section(line) for line in HEADING.findall(page.read_text(encoding="utf-8"))} for page in PAGES}
    links = [
        (page, *link)
        for page in PAGES
        for link in re.findall(r"\]\(((?!https?:)[^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    ]
    lost = [
        f"{page.name}: {path}#{name}"
        for page, path, name in links
        if name not in sections.get((page.parent / path).resolve() if path else page, ())
    ]
    assert links
    assert lost == []


QUOTED = re.compile(r"(?<!`)`((?:… )?[A-Za-z][\w']*(?: [\w',;:…]+){2,})`(?!`)")
COMMAND = re.compile(r"(?:audit|opencode (?:auth|run|session)|opencode-ledger|GET|POST) ")


def quoted_messages(page: str) -> list[str]:
    """The log lines and errors that a page quotes: three words or more in backticks, unless they are a command."""
    return [" ".join(text.split()) for text in QUOTED.findall(page) if not COMMAND.match(text)]


def test_every_message_that_the_operators_page_quotes_exists() -> None:
    """An operator who searches for a line of the log finds it. What follows a colon may be another program's words."""
    messages = {
        "".join(part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "…" for part in parts)
        for path in python_files(*PACKAGE_FOLDERS)
        for node in ast.walk(syntax_tree(path))
        if (
            parts := node.values
            if isinstance(node, ast.JoinedStr)
            else [node]
            if isinstance(node, ast.Constant)
            else []
        )
    }
    said = "\n".join(messages)
    quoted = quoted_messages((ROOT / "docs" / "operations.md").read_text(encoding="utf-8"))
    patterns = {text: re.sub(r"\\ \d+|…", ".*", re.escape(text)) for text in quoted}
    lost = [text for text, known in patterns.items() if not re.search(known.partition(":")[0], said)]
    assert len(quoted) > 8, quoted
    assert lost == []


def section(heading: str) -> str:
    """The name under which a heading can be linked to."""
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")
