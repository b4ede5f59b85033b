"""Holds commit messages to the rule of CONTRIBUTING.md: a short subject, and a body that says why.

    python scripts/check_commits.py FILE                   # one message, as git's hook commit-msg passes it
    python scripts/check_commits.py --range main..HEAD     # all commits of a range, except merges

Only the standard library is used, so that a hook and a CI job need no set-up.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

LONGEST_SUBJECT: Final = 60
LONGEST_LINE: Final = 120
# What git writes by itself, and what a later rebase folds away.
EXEMPT: Final = ("Merge ", 'Revert "', "fixup! ", "squash! ", "amend! ")


def faults(message: str) -> list[str]:
    """What is wrong with a message, a sentence each. Lines that git takes for comments don't count."""
    lines = [line.rstrip() for line in message.splitlines() if not line.startswith("#")]
    subject, *body = "\n".join(lines).strip().splitlines() or [""]
    if subject.startswith(EXEMPT):
        return []
    found: list[str] = []
    if not subject:
        found.append("The subject is empty.")
    if len(subject) > LONGEST_SUBJECT:
        found.append(f"The subject has {len(subject)} characters; at most {LONGEST_SUBJECT} are allowed.")
    if body and body[0]:
        found.append("The second line is not blank.")
    if not any(body):
        found.append("There is no body. Say in one or two sentences why the change is made.")
    if any(len(line) > LONGEST_LINE and " " in line for line in body):
        found.append(f"A line of the body has more than {LONGEST_LINE} characters.")
    return found


def messages(arguments: list[str]) -> dict[str, str]:
    """The messages that are asked for, by a name for each."""
    match arguments:
        case ["--range", commits]:
            git = ("git", "log", "--no-merges", "--format=%h%x00%B%x01", commits)
            log = subprocess.run(git, capture_output=True, text=True, check=True).stdout
            return dict(entry.strip().split("\0") for entry in log.split("\1") if entry.strip())
        case [file]:
            return {file: Path(file).read_text(encoding="utf-8")}
        case _:
            sys.exit(__doc__)


def main() -> int:
    """Print every fault. The exit status is 1 if there is one."""
    found = [f"{name}: {fault}" for name, message in messages(sys.argv[1:]).items() for fault in faults(message)]
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
