"""An agent that ends before it listens is started again: opencode does so where several make one home's database."""

from pathlib import Path

import pytest

from .conftest import STAND_IN, MakeLive

FAILING = """#!/bin/sh
[ "$1" = --version ] && exec "{stand_in}" "$@"
echo tried >> "{tries}"
[ "$(wc -l < "{tries}")" -gt {failures} ] && exec "{stand_in}" "$@"
echo "Failed query: CREATE TABLE" >&2
exit 1
"""


@pytest.mark.parametrize("failures", [1, 3])
async def test_a_start_that_fails_is_tried_again(make_stand_in: MakeLive, tmp_path: Path, failures: int) -> None:
    """An agent that comes up only at a later try answers its prompt as if nothing had been."""
    tries, program = tmp_path / "tries", tmp_path / "program"
    program.write_text(FAILING.format(tries=tries, failures=failures, stand_in=STAND_IN))
    program.chmod(0o755)
    live = make_stand_in(binary=program)
    assert (await live.run("text Here I am.")).summary == "Here I am."
    assert len(tries.read_text().splitlines()) == failures + 1
