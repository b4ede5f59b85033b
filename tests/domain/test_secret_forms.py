"""The forms that a known secret takes, and the patterns that are made of a shape."""

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from json import dumps
from urllib.parse import quote, quote_plus

import pytest

from opencode_ledger.domain.secrets.forms import LONG_LINE, SHORTEST, forms_of
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.domain.secrets.shapes import MARK, Atom, Shape
from opencode_ledger.domain.secrets.streams import StreamMasker

VALUE = 'a "key" of é/ü+\\ ~ and more'
SHAPE = Shape("a.b-", (Atom("x-z", 2, 4), Atom("0-9", 1, 1)))


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_secret_within_json(ascii_only: bool) -> None:
    """A secret is known as a JSON string, with and without escapes, and as one within another."""
    once = dumps(VALUE, ensure_ascii=ascii_only)[1:-1]
    assert {once, dumps(once, ensure_ascii=ascii_only)[1:-1]} <= forms_of(VALUE)


def test_a_secret_within_an_address() -> None:
    """A secret is known percent-encoded in each usual way, with large and with small digits."""
    quoted = {quote(VALUE), quote(VALUE, safe=""), quote_plus(VALUE)}
    small = {re.sub("%..", lambda found: found[0].lower(), form) for form in quoted}
    assert quoted | small <= forms_of(VALUE)


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("before", [b"", b"u", b"us", b"use"])
@pytest.mark.parametrize("after", [b"", b"a", b"ab"])
def test_a_secret_within_base64(encode: Callable[[bytes], bytes], before: bytes, after: bytes) -> None:
    """Base64 of a text holds one of a secret's forms wherever in the text the secret stands."""
    key = b"the?secret>of~the\xc3\xbfhouse"
    told = encode(before + key + after).decode()
    longest = max((form for form in forms_of(key.decode()) if form in told), key=len, default="")
    assert len(longest) >= len(key) * 8 // 6 - 2


def test_lines_of_a_secret() -> None:
    """Of a secret of several lines each long line is one too, and no short one."""
    lines = ["x" * LONG_LINE, "y" * (LONG_LINE - 1), "z" * (LONG_LINE + 1)]
    found = forms_of("\n".join(lines))
    assert [line in found for line in lines] == [True, False, True]


def test_a_short_value_is_no_secret() -> None:
    """What is shorter than a secret may be has no forms at all, and no form is as short."""
    assert forms_of("x" * (SHORTEST - 1)) == frozenset()
    assert "x" * SHORTEST in forms_of("x" * SHORTEST)
    assert min(map(len, forms_of("x" * SHORTEST))) >= SHORTEST


def test_a_lone_surrogate_is_no_error() -> None:
    """A secret that is no Unicode text has forms all the same."""
    assert "\ud800-not-unicode" in forms_of("\ud800-not-unicode")


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
        (f"{MARK}a.b-xy1", None),
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
    assert not re.search(SHAPE.begun, f"{MARK}a.b")


def test_after_its_end_a_stream_begins_anew() -> None:
    """What was held back is given at the end once, and what comes then isn't held for longer."""
    stream = StreamMasker(Secrets(["hunter2-hunter2"]))
    assert stream.feed("It is hunter2-") == "It is "
    assert stream.end() == "hunter2-"
    assert stream.end() == ""
    assert stream.feed("x") == "x"
