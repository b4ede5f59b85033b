"""Many agents that start at once in a new home; and what is said of an opencode that ends instead."""

import asyncio

from opencode_ledger.actors.opencode.starting.first_start import FirstStart
from opencode_ledger.actors.opencode.starting.last_error import LONGEST, last_error

QUERY = """
\x1b[91m\x1b[1mError: \x1b[0mUnexpected error

Failed query:
        CREATE TABLE `workspace` (
          `id` text PRIMARY KEY
        );

params:
"""


def test_a_failed_query_is_named() -> None:
    """The error itself is said, not the last line, which is empty of sense."""
    assert last_error(QUERY.splitlines()) == "Failed query: CREATE TABLE `workspace` ( `id` text PRIMARY KEY );"


def test_other_errors() -> None:
    """One that names no error leaves its last line; a long one is cut; nothing said is nothing."""
    assert last_error(["Error: Unexpected error", "", "ServeError"]) == "ServeError"
    assert last_error(["warning", "out of memory", ""]) == "out of memory"
    assert last_error(["Error: first", "Error: second"]) == "second"
    assert last_error(["Error: Unexpected error"]) == "Error: Unexpected error"
    assert last_error([]) == ""
    assert len(last_error(["Error: " + "x" * 2 * LONGEST])) == LONGEST


async def test_the_first_start_goes_alone() -> None:
    """Until one start has succeeded they go one at a time; one that fails leaves the turn to the next; then all go at once."""
    first, under_way, most = FirstStart(), 0, 0

    async def start(*, fails: bool = False) -> None:
        nonlocal under_way, most
        async with first.turn():
            under_way += 1
            most = max(most, under_way)
            try:
                for _ in range(3):
                    await asyncio.sleep(0)
                if fails:
                    raise OSError
            finally:
                under_way -= 1

    await asyncio.gather(start(fails=True), start(fails=True), start(), return_exceptions=True)
    assert most == 1
    await asyncio.gather(*(start() for _ in range(5)))
    assert most == 5
