"""Commit messages are held to the rule of CONTRIBUTING.md."""

import subprocess
import sys
from pathlib import Path

import pytest
from scripts.check_commits import faults

WHY = "Because a reader of the log needs the reason."
CHECK = Path(__file__).resolve().parents[2] / "scripts" / "check_commits.py"


@pytest.mark.parametrize(
    "message",
    [
        f"Streams: close at once\n\n{WHY}\n",
        f"{'x' * 60}\n\n{WHY}",
        f"# a comment\n\nQueue: fair turns\n\n{WHY}\n# Please enter the commit message",
        f"Docs: a link\n\nhttps://example.com/{'long/' * 40}\n{WHY}",
        "Merge branch 'main' into a-branch-with-a-name-that-is-longer-than-any-subject-may-be",
        'Revert "Streams: close at once"',
        "fixup! Streams: close at once",
    ],
)
def test_a_good_message_has_no_fault(message: str) -> None:
    assert faults(message) == []


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ("", "The subject is empty."),
        ("# only a comment\n", "The subject is empty."),
        (f"{'x' * 61}\n\n{WHY}", "The subject has 61 characters"),
        ("Queue: fair turns\n", "There is no body."),
        ("Queue: fair turns\n\n# a comment is no body\n", "There is no body."),
        (f"Queue: fair turns\n{WHY}", "The second line is not blank."),
        (f"Queue: fair turns\n\n{'word ' * 25}", "A line of the body has more than 120 characters."),
    ],
)
def test_each_fault_is_named(message: str, fault: str) -> None:
    assert any(found.startswith(fault) for found in faults(message))


def test_a_range_of_commits_is_checked(tmp_path: Path) -> None:
    """As in CI: every commit but a merge, by its name."""

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        run = subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True)
        return run.stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "First", "-m", WHY)
    git("commit", "-q", "--allow-empty", "-m", "Second", "-m", WHY)
    git("commit", "-q", "--allow-empty", "-m", "Third")
    checked = [
        subprocess.run([sys.executable, CHECK, "--range", commits], cwd=tmp_path, check=False, capture_output=True)
        for commits in ("HEAD~2..HEAD~1", "HEAD~2..HEAD")
    ]
    third = git("rev-parse", "--short", "HEAD")
    assert [run.returncode for run in checked] == [0, 1]
    assert checked[1].stderr.decode().startswith(f"{third}: There is no body.")
