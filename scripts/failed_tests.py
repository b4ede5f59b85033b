"""Prints the tests that failed in the last run of pytest, a line each: python -m scripts.failed_tests

Read from pytest's own cache. pytest-xdist adds a group's name to a test's, which no pytest takes as an argument.
"""

import json
import re
from pathlib import Path
from typing import Final

FAILED: Final = Path(__file__).resolve().parents[1] / ".pytest_cache/v/cache/lastfailed"
_GROUP: Final = re.compile(r"@[^\]@]*$")


def failed_tests(cache: str) -> list[str]:
    """The names of the tests that failed, as pytest takes them. `cache`: what pytest wrote of its last run."""
    return [_GROUP.sub("", name) for name in json.loads(cache)]


if __name__ == "__main__" and FAILED.exists():
    print(*failed_tests(FAILED.read_text(encoding="utf-8")), sep="\n")
