"""Names, shortened ids, directories, answers, tables and amounts: what a person types, and what they read. Pure."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from opencode_ledger.http.cli.connection.names import enclosing, meant, one_of
from opencode_ledger.http.cli.connection.registering import root_of
from opencode_ledger.http.cli.failures import CommandFailed
from opencode_ledger.http.cli.layout.amounts import age, dollars, remaining, span, thousands, tokens
from opencode_ledger.http.cli.layout.asked import Choice, Part, in_short
from opencode_ledger.http.cli.layout.paper import short
from opencode_ledger.http.cli.layout.table import Column, fitted, table
from opencode_ledger.http.cli.parsing.arguments import movable
from opencode_ledger.http.cli.replies import answer_of, answers_of

IDS = ["cb_0661800000000aAAAAAAAAA1", "cb_0661800000000bBBBBBBBBB2", "cb_0661800000000bCCCCCCCCC2"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (IDS[0], [IDS[0]]),
        ("…AAAAAA1", [IDS[0]]),
        ("AAAAAA1", [IDS[0]]),
        (short(IDS[1]), [IDS[1]]),
        ("cb_0661800000000a", [IDS[0]]),
        ("0661800000000b", IDS[1:]),
        ("cb_", IDS),
        ("C2", []),
        ("", []),
        ("…", []),
        ("BBBB", []),
        ("aaaaaa1", []),
    ],
)
def test_a_shortened_id(given: str, found: list[str]) -> None:
    """The end or the beginning of an id, at least three characters, with the case of its letters."""
    assert meant(given, IDS) == found


def test_what_fits_several_or_none_is_refused() -> None:
    """The message names the candidates, or the command that lists them."""
    with pytest.raises(CommandFailed, match=f"{IDS[1]} or {IDS[2]}"):
        one_of("0661800000000b", "codebase", IDS, "ps")
    with pytest.raises(CommandFailed, match="`opencode-ledger ps` lists them"):
        one_of("nope", "codebase", IDS, "ps")


def test_the_codebase_of_a_directory() -> None:
    """The nearest registered directory above it, as git finds its repository; a name that only begins alike is none."""
    known = [{"id": path, "path": path} for path in ("/home/me/app", "/home/me/app/vendor/lib", "/srv")]
    for place, found in (
        ("/home/me/app", "/home/me/app"),
        ("/home/me/app/src/deep", "/home/me/app"),
        ("/home/me/app/vendor/lib/x", "/home/me/app/vendor/lib"),
        ("/home/me/application", None),
        ("/home/me", None),
        ("/", None),
    ):
        codebase = enclosing(Path(place), known)
        assert (codebase and codebase["id"]) == found, place


def test_the_directory_that_is_registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root of the repository, else the directory itself; a home under version control is not meant."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".git").mkdir()
    deep = tmp_path / "app/src/deep"
    deep.mkdir(parents=True)
    assert root_of(deep) == deep
    (tmp_path / "app/.git").write_text("gitdir: elsewhere")
    assert root_of(deep) == tmp_path / "app"
    assert root_of(tmp_path) == tmp_path


CHOICES = (Choice("sqlite", ""), Choice("postgres", "a server"), Choice("a, b", ""))


@pytest.mark.parametrize(
    ("several", "custom", "said", "answer"),
    [
        (False, True, "sqlite", ["sqlite"]),
        (False, True, "2", ["postgres"]),
        (False, True, "SQLITE", ["sqlite"]),
        (False, True, "a, b", ["a, b"]),
        (False, True, "sqlite, postgres", ["sqlite, postgres"]),
        (True, True, "sqlite, postgres", ["sqlite", "postgres"]),
        (True, False, "1,2,1", ["sqlite", "postgres"]),
        (True, True, "1, my own", ["1, my own"]),
        (False, True, "my own words", ["my own words"]),
        (False, True, "9", ["9"]),
        (False, True, " ", []),
        (False, False, "my own words", None),
        (False, False, "1, 2", None),
        (True, False, "1, 9", None),
    ],
)
def test_an_answer_to_a_question(several: bool, custom: bool, said: str, answer: list[str] | None) -> None:
    """Labels, their numbers, or own words where the question takes them."""
    part = Part("Which?", CHOICES, several, custom)
    if answer is None:
        with pytest.raises(CommandFailed, match="none of the options"):
            answer_of(part, said)
    else:
        assert answer_of(part, said) == answer


def test_each_part_of_a_question_gets_its_answer() -> None:
    """One for each, and at least one that isn't empty."""
    parts = [Part("A?", CHOICES, False, True), Part("B?", (), False, True)]
    assert answers_of(parts, ["1", ""]) == [["sqlite"], []]
    for wrong in (["1"], ["1", "2", "3"], ["", " "], []):
        with pytest.raises(CommandFailed):
            answers_of(parts, wrong)


def test_a_request_hides_no_line_of_its_command() -> None:
    """A command of two lines is not shown as one of one."""
    asked: dict[str, Any] = {"kind": "permission", "tool": "bash", "args": {"command": "ls\nrm -rf x"}}
    assert in_short(asked) == "bash: ls\nrm -rf x"
    question = {"kind": "question", "tool": "question", "args": {"questions": [{"question": "A?", "options": "no"}, 7]}}
    assert in_short(question) == "question: A?"


CELLS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Mn", "Cf", "Zl", "Zp", "Co", "Cn", "Me", "Lo"]), max_size=60
)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=5), st.integers(20, 120))
def test_a_table_fits_its_width(rows: list[tuple[str, str, str]], width: int) -> None:
    """However long the texts, no line is longer than the terminal; every row keeps its line."""
    columns = (Column(title="NAME", least=4), Column(title="ID", rank=1), Column(title="TEXT", least=6))
    lines = ["".join(text for text, _ in line) for line in table(columns, rows, width)]
    assert len(lines) == len(rows) + 1
    assert max(map(cell_len, lines)) <= width


def test_a_table_without_a_terminal_is_whole() -> None:
    """A program gets every column and every character."""
    columns = (Column(title="A", least=1), Column(title="B", right=True, rank=1))
    lines = ["".join(text for text, _ in line) for line in table(columns, [("x" * 200, "1")], None)]
    assert lines == [f"A{' ' * 199}  B", f"{'x' * 200}  1"]


def test_a_hidden_character_is_measured_as_it_is_shown() -> None:
    """It can't push what follows out of its column."""
    lines = ["".join(text for text, _ in line) for line in table((Column(title="A"),), [("a\u202eb",)], 80)]
    assert lines[1] == "a<U+202E>b"


@pytest.mark.parametrize(
    ("text", "width", "shown"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("界界", 3, "界…"), ("a", 0, "")]
)
def test_a_shortened_text(text: str, width: int, shown: str) -> None:
    assert fitted(text, width) == shown


@pytest.mark.parametrize(
    ("seconds", "short_", "exact"),
    [(0, "0 s", "0 s"), (59.9, "59 s", "59 s"), (60, "1 m", "1 m"), (580, "9 m", "9 m 40 s"), (7380, "2 h", "2 h 3 m"),
     (90_000, "1 d", "1 d 1 h")],
)  # fmt: skip
def test_a_time(seconds: float, short_: str, exact: str) -> None:
    assert (span(seconds), span(seconds, exact=True)) == (short_, exact)


def test_amounts() -> None:
    """A clock that is behind makes no negative age, and what isn't known is a dash."""
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert [age(at, now) for at in ("2026-01-31T11:56:00.000Z", "2026-01-31T13:00:00.000Z", None, "?")] == [
        "4 m",
        "0 s",
        "-",
        "-",
    ]
    assert remaining("2026-01-31T12:09:40.000Z", now) == "9 m 40 s"
    assert [dollars(cost) for cost in (0, 0.0048, 0.031, 12)] == ["$0.00", "$0.0048", "$0.03", "$12.00"]
    assert [thousands(count) for count in (117, 9800, 1_200_000)] == ["117", "9.8k", "1.2M"]
    assert tokens({"input": 1000, "cache_read": 500, "output": 10, "reasoning": 7}) == "1.5k in, 17 out"


@pytest.mark.parametrize(
    ("given", "moved"),
    [
        ("ps", "ps"),
        ("--json ps", "ps --json"),
        ("--server http://x --json ps -q", "ps -q --server http://x --json"),
        ("--server=http://x tasks cancel t1", "tasks cancel t1 --server=http://x"),
        ("-C /tmp run -- --json", "run -C /tmp -- --json"),
        ("--help", "--help"),
        ("--bogus ps", "--bogus ps"),
        ("--json", "--json"),
        ("--server", "--server"),
    ],
)
def test_options_may_stand_before_the_command(given: str, moved: str) -> None:
    """As with docker and kubectl."""
    assert movable(given.split()) == moved.split()
