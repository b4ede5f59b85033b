"""What is searched for a known secret, and the patterns that are made of a shape."""

import re

import pytest

from opencode_ledger.domain.secrets.forms import LONG_LINE, SHORTEST, needles_of
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.domain.secrets.needle import Needle
from opencode_ledger.domain.secrets.shapes import MARK, Atom, Shape
from opencode_ledger.domain.secrets.streams import StreamMasker

SHAPE = Shape("a.b-", (Atom("x-z", 2, 4), Atom("0-9", 1, 1)), around="A-Za-z0-9_-")


def test_a_short_value_is_no_secret() -> None:
    """What is shorter than a secret may be is not searched, and no form is as short."""
    assert needles_of("x" * (SHORTEST - 1)) == frozenset()
    assert Needle("x" * SHORTEST) in needles_of("x" * SHORTEST)
    assert min(len(needle.text) for needle in needles_of("x" * SHORTEST)) >= SHORTEST


def test_lines_of_a_secret() -> None:
    """Of a secret of several lines each long line is one too, and no short one."""
    lines = ["x" * LONG_LINE, "y" * (LONG_LINE - 1), "z" * (LONG_LINE + 1)]
    found = needles_of("\n".join(lines))
    assert [Needle(line) in found for line in lines] == [True, False, True]


def test_a_lone_surrogate_is_no_error() -> None:
    """A secret that is no Unicode text is masked all the same."""
    assert Secrets(["\ud800-not-unicode"]).mask("is \ud800-not-unicode") == f"is {MARK}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.b-xy1", "a.b-xy1"),
        ("(a.b-xyzx1)", "a.b-xyzx1"),
        ("a.b-xyz12", "a.b-xyz1"),
        ("a.b-x1", None),
        ("a.b-xyzxy1", None),
        ("aab-xy1", None),
        ("_a.b-xy1", None),
        (f"{MARK}a.b-xy1", "a.b-xy1"),
        ("a.b-xy", None),
    ],
)
def test_a_shape_is_found(text: str, found: str | None) -> None:
    """A shape is its head and its atoms, each as often as it may be, after nothing that makes it part of a word."""
    match = re.search(SHAPE.whole, text)
    assert (match and match[0]) == found


def test_what_may_become_a_shape_is_found() -> None:
    """Each beginning of a shape at the end of a text may still become it; the same before other text may not."""
    for end in range(1, len("a.b-xyzx1") + 1):
        begun = "a.b-xyzx1"[:end]
        assert [bool(re.search(SHAPE.begun, text)) for text in (f" {begun}", f"{begun} ", f"_{begun}")] == [
            True,
            False,
            False,
        ]
    assert not re.search(SHAPE.begun, "a.b-xyzxy")


def test_after_its_end_a_stream_begins_again() -> None:
    """What was held back is given at the end once, and what comes then isn't held for longer."""
    stream = StreamMasker(Secrets(["hunter2-hunter2"]))
    assert stream.feed("It is hunter2-") == "It is "
    assert stream.end() == "hunter2-"
    assert stream.end() == ""
    assert stream.feed("!") == "!"
