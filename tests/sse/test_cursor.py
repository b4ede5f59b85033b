"""The cursor that a subscriber comes back with."""

import pytest

from opencode_ledger.http.streams.cursor import BadCursor, cursor_of


@pytest.mark.parametrize(("text", "cursor"), [("0", 0), ("7", 7), ("007", 7), ("9223372036854775807", 2**63 - 1)])
def test_a_number_is_a_cursor(text: str, cursor: int) -> None:
    """A cursor is an event's id: a plain decimal number."""
    assert cursor_of([text], []) == cursor
    assert cursor_of([], [text]) == cursor


def test_no_cursor_is_no_error() -> None:
    """A subscriber that says nothing starts where the stream's own rule says."""
    assert cursor_of([], []) is None


@pytest.mark.parametrize(
    "text",
    ["", " ", " 5", "5 ", "5\n", "+7", "-1", "1_000", "1.0", "1e3", "0x10", "٧", "９", "²", "x", "5,6", "null",
     "9223372036854775808", "99999999999999999999", "00000000000000000001", "5\0"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    """Nothing is guessed: what isn't a plain number of at most 19 digits within 2^63-1 is an error."""
    with pytest.raises(BadCursor):
        cursor_of([text], [])
    with pytest.raises(BadCursor):
        cursor_of([], [text])


def test_the_header_wins_over_the_query() -> None:
    """A browser that reconnects sends its own last id beside the query of its first request: the header is newer."""
    assert cursor_of(["7"], ["3"]) == 7


def test_each_must_be_right() -> None:
    """A wrong header is refused though the query is good, and a wrong query though the header is."""
    with pytest.raises(BadCursor):
        cursor_of([""], ["3"])
    with pytest.raises(BadCursor):
        cursor_of(["7"], ["nonsense"])


@pytest.mark.parametrize(("headers", "queries"), [(["1", "2"], []), (["1", "1"], []), ([], ["1", "2"])])
def test_two_cursors_are_refused(headers: list[str], queries: list[str]) -> None:
    """Which of two would be meant can't be known."""
    with pytest.raises(BadCursor):
        cursor_of(headers, queries)
