"""What a person types and what is made of it: words, names that are nearly right, moments, and patches. Pure."""

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opencode_ledger.http.cli.connection.moments import moment_of, time_of
from opencode_ledger.http.cli.connection.options import Options
from opencode_ledger.http.cli.failures import CommandFailed
from opencode_ledger.http.cli.layout.patch import patch_of
from opencode_ledger.http.cli.parsing.arguments import TEXTS, arranged, simple_options
from opencode_ledger.http.cli.parsing.command_table import command_line
from opencode_ledger.http.cli.parsing.similar import suggested

from .person import LIMIT


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        (["run", "-"], ["run", "--", "-"]),
        (["run", "-", "--wait"], ["run", "--wait", "--", "-"]),
        (["run", "- fix the bullets", "-m", "p/m"], ["run", "-m", "p/m", "--", "- fix the bullets"]),
        (["run", "-v flag = broken"], ["run", "--", "-v flag = broken"]),
        (["tasks", "edit", "t1", "--prompt", "-"], ["tasks", "edit", "t1", "--prompt", "-"]),
        (["permissions", "reject", "p1", "-m", "- no"], ["permissions", "reject", "p1", "-m", "- no"]),
        (["run", "--prompt=a b"], ["run", "--prompt=a b"]),
        (["run", "--", "-"], ["run", "--", "-"]),
        (["run", "-d", "x"], ["run", "-d", "x"]),
        (["--json", "run", "-"], ["run", "--json", "--", "-"]),
        ([], []),
    ],
)  # fmt: skip
def test_a_text_may_begin_with_a_dash(given: Sequence[str], parsed: Sequence[str]) -> None:
    """A lone dash, and one with a blank behind it, is no option; everything else stays as it was typed."""
    assert arranged([*given]) == [*parsed]


def test_the_options_that_take_a_text() -> None:
    """The list is that of the commands."""
    found = set[str]()
    for group in (command_line()[name] for name in ("tasks", "permissions", "codebase")):
        for name in (one for one in group if not one.startswith("-")):
            for argument in group[name].assemble_argument_collection():
                if argument.parameter.allow_leading_hyphen:
                    found |= {one for one in argument.names if one.startswith("-")}
    assert found == TEXTS


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("", Options()),
        ("--json -q", Options(json=True, quiet=True)),
        ("--server http://x --context work", Options(server="http://x", context="work")),
        ("--server=http://x -C /tmp --token-file=t", Options(server="http://x", directory=Path("/tmp"), token_file=Path("t"))),
        ("--server", None),
        ("--server --json", None),
        ("--json=yes", None),
        ("--at 08:15", None),
        ("--help", None),
        ("shop", None),
    ],
)  # fmt: skip
def test_options_that_need_no_parser(words: str, options: Options | None) -> None:
    """What isn't one of them is left to the parser, which says what is wrong with it."""
    assert simple_options(words.split()) == options


@pytest.mark.parametrize(
    ("given", "name"),
    [("shpo", "shop"), ("Shop", "shop"), ("SHOP", "shop"), ("shop-frontend", "web-frontend"), ("web", None),
     ("web-frontned", "web-frontend"), ("", None)],
)  # fmt: skip
def test_a_name_that_is_nearly_right(given: str, name: str | None) -> None:
    assert suggested(given, ["shop", "web-frontend", "docs"]) == (f" Did you mean {name!r}?" if name else "")


def test_a_moment() -> None:
    """An event's number, or a time; without a zone it is this machine's, as the tables print it."""
    at = datetime.now(UTC).astimezone().replace(hour=8, minute=15, second=0, microsecond=0)
    today = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    day = at.date().isoformat()
    for given in ("08:15", "8:15", "08:15:00", "today 08:15", f"{day} 08:15", f"{day}T08:15", at.isoformat()):
        assert moment_of(given) == today, given
    assert [moment_of(given) for given in (None, "7", "2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00")] == [
        None,
        "7",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00Z",
    ]
    for wrong in ("", "-1", "25:00", "yesterday", "2026-13-01", "٧", "0001-01-01"):
        with pytest.raises(CommandFailed, match="--at takes"):
            moment_of(wrong)
    with pytest.raises(CommandFailed, match="belongs to one codebase"):
        time_of("7")


def recorded(path: str, body: str) -> str:
    """A difference in the form in which opencode gives it."""
    return f"Index: {path}\n{'=' * 67}\n--- {path}\t\n+++ {path}\t\n{body}"


CHANGES = {
    "made.txt": ("create", "@@ -0,0 +1,2 @@\n+one\n+two\n\\ No newline at end of file\n"),
    "with a blank.txt": ("create", "@@ -0,0 +1,1 @@\n+x\n"),
    "d/ä.txt": ("create", "@@ -0,0 +1,1 @@\n+Index: made.txt\n"),
    "gone.txt": ("delete", "@@ -1,1 +0,0 @@\n-old\n"),
    "changed.txt": ("modify", "@@ -1,2 +1,2 @@\n-before\n+after\n same\n"),
    "filled.txt": ("modify", "@@ -0,0 +1,1 @@\n+no longer empty\n"),
}


def test_git_applies_what_diff_prints(tmp_path: Path) -> None:
    """New and deleted files too, names with blanks, and several differences of one file one after the other."""
    for name, content in (("gone.txt", "old\n"), ("changed.txt", "before\nsame\n"), ("filled.txt", "")):
        (tmp_path / name).write_text(content)
    patches = [patch_of(path, action, recorded(path, body)) for path, (action, body) in CHANGES.items()]
    twice = recorded("twice.txt", "@@ -0,0 +1,1 @@\n+1\n") + recorded("twice.txt", "@@ -1,1 +1,1 @@\n-1\n+2\n")
    patch = "".join([*patches, patch_of("twice.txt", "create", twice), "# create x.bin: binary or empty\n"])
    done = subprocess.run(
        ["git", "apply", "-"], input=patch, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=LIMIT
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {
        "made.txt": "one\ntwo",
        "with a blank.txt": "x\n",
        "d/ä.txt": "Index: made.txt\n",
        "changed.txt": "after\nsame\n",
        "filled.txt": "no longer empty\n",
        "twice.txt": "2\n",
    }


def test_a_patch_of_another_form_stays_as_it_is() -> None:
    """What isn't opencode's form is not guessed at; a name with special characters is quoted as git does."""
    assert patch_of("a", "modify", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n") == "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n"
    assert patch_of('a"\n', "modify", recorded("a", "@@ -1 +1 @@\n")) == (
        '--- "a/a\\"\\n"\n+++ "b/a\\"\\n"\n@@ -1 +1 @@\n'
    )
    assert patch_of("a", "create", recorded("a", "@@ -0,0 +1 @@\n+x")).endswith("+x\n")
