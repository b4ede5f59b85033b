"""Long JSON is read piece by piece, and says what it would have said if it had been read at once."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opencode_ledger.domain import long_json
from opencode_ledger.domain.long_json import decoded_in_pieces
from opencode_ledger.domain.untrusted_json import decoded

TEXTS = st.text(st.sampled_from('ab"\\[]{},: \n\x00é😀\ud83d'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=20,
)
BLANKS = st.sampled_from(["", " ", "\n", "\t \r\n"])


def read(body: bytes, *limits: int) -> tuple[bool, Any]:
    """What a text says, or that it says nothing."""
    try:
        return True, decoded_in_pieces(body, *limits) if limits else decoded(body)
    except ValueError:
        return False, None


@given(VALUES, BLANKS, st.integers(1, 12), st.integers(0, 4))
@settings(max_examples=150, deadline=None)
def test_any_value_reads_the_same(value: object, blank: str, most: int, depth: int) -> None:
    """Whatever it holds, written tightly or widely, with however small pieces."""
    body = json.dumps(value, ensure_ascii=True, separators=(f"{blank},{blank}", f"{blank}:{blank}")).encode()
    body = blank.encode() + body + blank.encode()
    assert repr(read(body, most, depth)) == repr(read(body))


@given(VALUES, st.data())
@settings(max_examples=150, deadline=None)
def test_what_is_no_json_is_none_in_pieces(value: object, data: st.DataObject) -> None:
    """Bytes that are taken out, put in or repeated: both ways say the same, or both refuse."""
    body = json.dumps(value).encode()
    first = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(first, len(body)))
    for spoilt in (body[:first] + body[end:], body[:first] + data.draw(st.sampled_from(ODD)) + body[first:]):
        assert repr(read(spoilt, 3)) == repr(read(spoilt)), spoilt


ODD = [b",", b"]", b"[", b"{", b"}", b'"', b"\\", b":", b"\xff", b" ", b"\x00", b"1", b",,", b'"a":1,']


BORDERS = (
    *(b"[1,]", b"[,1]", b"[1,,2]", b"[1}", b"{1]", b"[1]]", b"[1] 2", b"[[1]", b"[]", b"[ ]", b"{ }", b"[", b"", b" "),
    *(b'{"a":1,}', b'{"a" 1}', b"{a:[1,2,3]}", b'{"a"}', b'["\\"]', b'["\\\\"]', b"[1,2]\xa0", b"{[1,2,3]:[1,2,3]}"),
    *(b'{"a":1,"a":2,"b":[1,2,3,4,5,6]}', b'{"long name":[1,2,3],"long name":4}', b'[{"a":{"b":[[1,2],[3,4]]}}]'),
)


@pytest.mark.parametrize("body", BORDERS)
def test_at_the_borders_of_pieces(body: bytes) -> None:
    """Commas at the ends, brackets that don't belong together, names that come twice."""
    for most in range(1, 9):
        assert read(body, most) == read(body), most


@pytest.mark.slow
def test_no_piece_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a message with 50,000 parts, one of which is long, nothing is read at once that is longer than a piece or a text."""
    sizes: list[int] = []

    def counted(body: bytes) -> object:
        sizes.append(len(body))
        return decoded(body)

    monkeypatch.setattr(long_json, "decoded", counted)
    parts: list[object] = [{"type": "text", "text": "w", "id": f"prt_{number}"} for number in range(50_000)]
    state = {"input": {"lists": [[number] * 9 for number in range(10_000)]}, "output": 'x"\\' * 30_000}
    parts.insert(7, {"type": "tool", "state": state})
    message = [{"info": {"id": "msg_1"}, "parts": parts}]
    assert decoded_in_pieces(body := orjson.dumps(message)) == message
    assert len(body) > 8 * long_json.PIECE
    assert max(sizes) <= long_json.PIECE + 2
    assert len(sizes) < 4 * len(body) / long_json.PIECE
