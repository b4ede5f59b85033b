"""A known secret leaves no part behind, however it is written, whatever stands around it, wherever its text is cut."""

import json
import re
import string
import time
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable
from html import escape
from html.entities import codepoint2name
from itertools import pairwise
from shlex import quote as shell_quoted
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opencode_ledger.domain.secrets.masked_records import masked_value
from opencode_ledger.domain.secrets.masker import Masker, Secrets
from opencode_ledger.domain.secrets.shapes import MARK
from opencode_ledger.domain.secrets.streams import StreamMasker

KNOWN = "Hunter2Xy$Zq9LongTail(7)Kk"
REVEALING = 4
"""Characters of a secret in a row that are part of it, and not there by chance."""


def in_json(value: str) -> str:
    """As it stands within a JSON string."""
    return json.dumps(value)[1:-1]


def in_javascript(value: str) -> str:
    """As `encodeURIComponent` writes it."""
    return quote(value, safe="!~*'()")


def in_a_form(value: str) -> str:
    """As `URLSearchParams` and Java's `URLEncoder` write it."""
    return quote_plus(value, safe="*").replace("~", "%7E")


def small_digits(written: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), written)


def coded(char: str, digits: str) -> str:
    """A character by its code, or by the codes of its two halves."""
    raw = char.encode("utf-16-be")
    return "".join(f"\\u{int.from_bytes(raw[n : n + 2]):04{digits}}" for n in range(0, len(raw), 2))


def references(value: str, form: str, digits: str) -> str:
    """HTML in which all but letters and digits are references to their numbers."""
    return "".join(char if char.isalnum() else form.format(format(ord(char), digits)) for char in value)


def units(value: str, digits: str, chars: str = "<>&'\"+=/$()") -> str:
    """JSON in which these characters are written by their code, as PHP, Go and Ruby do for some of them."""
    return "".join(coded(char, digits) if char in chars else in_json(char) for char in value)


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON, not ASCII": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda value: in_json(in_json(value)),
    "JSON in JSON in JSON": lambda value: in_json(in_json(in_json(value))),
    "JSON with escaped slashes": lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    "JSON with codes": lambda value: units(value, "x"),
    "JSON with codes in capitals": lambda value: units(value, "X"),
    "JSON with codes within JSON": lambda value: json.dumps(units(value, "x"))[1:-1],
    "JSON of codes alone": lambda value: units(value, "x", value),
    "encodeURIComponent": in_javascript,
    "encodeURIComponent, small": lambda value: small_digits(in_javascript(value)),
    "URLSearchParams": in_a_form,
    "URLSearchParams, small": lambda value: small_digits(in_a_form(value)),
    "encodeURI": lambda value: quote(value, safe=";,/?:@&=+$-_.!~*'()#"),
    "quote": quote,
    "quote, all": lambda value: quote(value, safe=""),
    "quote_plus": quote_plus,
    "each byte": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
    "shell": lambda value: shell_quoted(value).strip("'"),
    "shell, by hand": lambda value: value.replace("'", "'\\''"),
    "HTML": escape,
    "HTML, by numbers": lambda value: references(value, "&#{};", "d"),
    "HTML, by three digits": lambda value: references(value, "&#{};", "03d"),
    "HTML, by large digits": lambda value: references(value, "&#x{};", "02X"),
    "HTML in ASCII": lambda value: escape(value).encode("ascii", "xmlcharrefreplace").decode(),
    "HTML, by names": lambda value: "".join(
        f"&{codepoint2name[ord(char)]};" if ord(char) in codepoint2name else char for char in value
    ),
    "bash's %q": lambda value: re.sub(r"([^\w])", r"\\\1", value),
    "base64": lambda value: b64encode(value.encode()).decode(),
    "base64, urlsafe": lambda value: urlsafe_b64encode(value.encode()).decode(),
    "base64 in lines": lambda value: encodebytes(b"-" * 40 + value.encode()).decode(),
    "base64 in lines, in JSON": lambda value: json.dumps(encodebytes(b"-" * 41 + value.encode()).decode())[1:-1],
    "base64 in lines of 64": lambda value: re.sub("(.{64})", r"\1\r\n", b64encode(b"-" * 38 + value.encode()).decode()),
    "base64 in short lines": lambda value: re.sub("(.{32})", r"\1\n", b64encode(b"-" * 42 + value.encode()).decode()),
    "base64 in lines, indented, in JSON": lambda value: in_json(
        re.sub("(.{64})", r"\1\n" + " " * 12, b64encode(b"-" * 40 + value.encode()).decode())
    ),
    "base64 in lines, in an address": lambda value: quote(encodebytes(b"-" * 40 + value.encode()).decode(), safe=""),
    "base64 in JSON": lambda value: b64encode(b"-" + value.encode()).decode().replace("/", "\\/"),
    "base64 in an address": lambda value: quote(b64encode(b"--" + value.encode()).decode(), safe=""),
}
NEIGHBOURS = (
    "DB_PASSWORD=", "password=", "AKIA", "AKIAZ7Q2W3E4R5T6Y7U", "ghp_", "ghp_aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zAwxy", "Bearer ", "sk-", "sk-ant-",
    "://u:", "@", "eyJ", "-----BEGIN PRIVATE KEY-----\n", "xoxb-", "AIza", MARK, "\\", "%", "%2", "\\u00", "+", "\n", " ", "'", '"', "a", "Z", "9", "_",
    KNOWN, KNOWN[:9], KNOWN[5:], "=",
)  # fmt: skip

secrets = st.one_of(
    st.just(KNOWN),
    st.text(string.ascii_letters + string.digits + string.punctuation, min_size=8, max_size=40),
    st.text(string.printable.strip() + " ", min_size=8, max_size=24).map(lambda text: f"a{text}z"),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"]), min_size=8, max_size=12),
)
around = st.lists(st.one_of(st.sampled_from(NEIGHBOURS), st.text(string.printable, max_size=4)), max_size=3).map(
    "".join
)


def windows(text: str) -> set[str]:
    """All parts of a text of `REVEALING` characters."""
    return {text[n : n + REVEALING] for n in range(len(text) - REVEALING + 1)}


def in_pieces(text: str, known: list[str], cuts: list[int]) -> str:
    """What a stream gives out of a text that comes cut at these places."""
    stream = StreamMasker(Secrets(known))
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    return "".join([stream.feed(text[a:b]) for a, b in pairwise(places)]) + stream.end()


@settings(max_examples=300, deadline=None)
@given(secrets, st.sampled_from(sorted(FORMS)), around, around, st.lists(st.integers(0, 120), max_size=5))
@example(KNOWN, "as it is", "DB_PASSWORD=", "", [])
@example("ghp_aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zAwxyz", "as it is", "AKIAZ7Q2W3E4R5T6Y7U8", "", [30])
@example("a" * 9, "as it is", "a" * 3, "a" * 30, [4])
def test_no_part_of_a_known_secret_is_left(value: str, form: str, left: str, right: str, cuts: list[int]) -> None:
    """Four characters of a secret are nowhere left, but where they stood beside it."""
    written = FORMS[form](value)
    text = left + written + right
    masked = in_pieces(text, [KNOWN, value], cuts)
    # What base64 made of the bytes at both ends is shared with their neighbours.
    inner = re.sub(r".{4}(?:=|%3D|%0A|\\n|\s)*$", "", written) if "base64" in form else written
    inner = inner[56:] if "lines" in form else inner[4:] if "base64" in form else inner
    left_over = windows(inner) & windows(masked)
    by_chance = windows(left) | windows(right) | windows(left + MARK + right) | windows(MARK + MARK)
    by_chance |= windows(b64encode(b"-" * 9).decode()) if "base64" in form else set()  # the bytes before it
    assert {part for part in left_over if not any(part in chance for chance in (left, right, *by_chance))} == set()
    assert masked == Masker([KNOWN, value]).mask(text)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_one_secret(form: str) -> None:
    """Each form is masked, to its last character; also of a secret with other letters than those of ASCII."""
    for known in (KNOWN, "Zürich-ÇäñøÞ9LongTail(7)ß"):
        masked = Masker([known]).mask(f"it is <{FORMS[form](known)}>")
        assert MARK in masked
        assert windows(known) & windows(masked) == set()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"DB_PASSWORD={KNOWN}", f"DB_{MARK}"),
        (f"<{KNOWN}{KNOWN}>", f"<{MARK}{MARK}>"),
        (f"<Hunter2{KNOWN}>", f"<Hunter2{MARK}>"),
        (f"AKIAZ7Q2W3E4R5T6Y7U8{KNOWN}", f"{MARK}{MARK}"),
        (f"AKIAZ7Q2W3E4R5T6{KNOWN}", f"AKIAZ7Q2W3E4R5T6{MARK}"),
        (f"x{MARK}{KNOWN}", f"x{MARK}{MARK}"),
    ],
)
def test_what_stands_around_it(text: str, masked: str) -> None:
    """What overlaps is masked as one, and what merely touches stays apart."""
    assert Masker([KNOWN]).mask(text) == masked


def test_two_known_secrets_that_overlap() -> None:
    """The end of one is the beginning of the other: nothing of either is left."""
    assert Masker(["first-and-second", "second-and-third"]).mask("<first-and-second-and-third>") == f"<{MARK}>"


def test_a_long_text_of_one_secret() -> None:
    """A secret that overlaps itself thousands of times is masked whole, and in time."""
    assert Masker(["ab" * 8]).mask("ab" * 20_000) == MARK


@pytest.mark.parametrize(
    "text",
    [
        "%41 " + "".join(f"{char}{chr(10) * 26}." for char in string.ascii_letters + string.digits),
        'printf("%30s")  TESTS' + "\n" * 40_000 + "x",
        "a\\n" * 20_000 + "%41",
        ("Hunt" + "\r\n" + " " * 300) * 300 + "%41",
    ],
)
def test_no_text_takes_long(text: str) -> None:
    """Breaks and blanks after what may begin a form of a secret are not tried in all ways of parting them."""
    begun = time.process_time()
    Masker([KNOWN, "hx7Ty!mN2pQ9rs", "a-secret\nof two lines"]).mask(text)
    assert time.process_time() - begun < 5


REPEATING: dict[str, tuple[str, str]] = {
    "a letter": ("a" * 100 + "b", "%41" + "a" * 10_000),
    "a letter, very often": ("a" * 1000 + "b", "%41" + "a" * 10_000),
    "two letters": ("ab" * 500 + "c", "%41" + "ab" * 5000),
    "backslashes": ("\\" * 60 + "b", "\\" * 2000),
    "percent signs": ("%25" * 40 + "b", "%25" * 2000),
    "references": ("&amp;" * 30 + "b", "&amp;" * 1000),
    "quotes": ("'" * 60 + "b", "'\"'\"'" * 1000),
    "ends of lines": ("\n" * 60 + "b", "\r\n" * 2000),
    "base64": ("\0" * 300 + "x", ("A" * 76 + "\n") * 50),
}


@pytest.mark.parametrize("kind", REPEATING)
def test_what_repeats_itself_takes_no_long_time(kind: str) -> None:
    """A secret and a text that both repeat themselves have the secret nearly everywhere: that costs a bounded time, and masks it."""
    known, text = REPEATING[kind]
    begun = time.process_time()
    masked = Masker([known]).mask(f"{text}{known}")
    assert time.process_time() - begun < 5
    assert masked.endswith(MARK)


def test_a_number_that_is_a_secret() -> None:
    """A secret of digits is one with a sign, too, and as a number with a fraction of nothing."""
    masker = Masker(["4929123456781234"])
    numbers = [4929123456781234, -4929123456781234, 4929123456781234.0]
    assert masked_value({"args": numbers}, masker) == {"args": [MARK] * 3}
    assert masked_value([1, -2.5, float("inf")], masker) == [1, -2.5, float("inf")]
