"""Reads long JSON piece by piece, since decoding a long text at once holds up all threads until it is done.

A text is split where its outermost items or members end; long ones are split further inside. Each piece is decoded by
itself. The result is the same as that of the whole text.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from .untrusted_json import Fields, decoded, fields, items

PIECE: Final = 256 * 1024
"""Bytes that are decoded at once. A longer piece is a single text, or deeper than `DEPTH`."""

DEPTH: Final = 8
"""Levels that are split. Each level may cost another pass through the whole text."""

_OUTSIDE: Final = re.compile(rb'[\[\]{}",]')
_INSIDE: Final = re.compile(rb'[\[\]{}"]')
_BLANK: Final = b" \t\r\n"
_ENDS: Final = {b"[": b"]", b"{": b"}"}


class _Span(NamedTuple):
    first: int
    end: int


def decoded_in_pieces(body: bytes, most: int = PIECE, depth: int = DEPTH) -> object:
    """As `decoded`. `most`: bytes that are decoded at once. Raises `ValueError` for other text."""
    if len(body) <= most or not depth:
        return decoded(body)
    body = body.strip(_BLANK)
    match body[:1]:
        case b"[":
            return [
                item for piece in _pieces(body, most) for item in _items(body[piece.first : piece.end], most, depth)
            ]
        case b"{":
            found = dict[str, object]()
            for piece in _pieces(body, most):
                found.update(_members(body[piece.first : piece.end], most, depth))
            return found
        case _:
            return decoded(body)


def _items(piece: bytes, most: int, depth: int) -> list[object]:
    if len(piece) > most:
        return [decoded_in_pieces(piece, most, depth - 1)]
    return items(decoded(b"[%b]" % piece))


def _members(piece: bytes, most: int, depth: int) -> Fields:
    if len(piece) > most:
        piece = piece.lstrip(_BLANK)
        end = _end_of_text(piece, 1)
        value = piece[end:].lstrip(_BLANK)
        if piece[:1] == b'"' and value[:1] == b":":
            return {str(decoded(piece[:end])): decoded_in_pieces(value[1:], most, depth - 1)}
        raise ValueError("a member has no name")
    return fields(decoded(b"{%b}" % piece))


def _pieces(body: bytes, most: int) -> Iterator[_Span]:
    """Runs of children of at most `most` bytes together; a longer child is alone."""
    children = list(_children(body))
    if len(children) == 1 and _is_blank(body, children[0]):
        return
    if any(_is_blank(body, child) for child in children):
        raise ValueError("there is nothing between two commas")
    run = children[0]
    for child in children[1:]:
        if child.end - run.first > most:
            yield run
            run = child
        else:
            run = _Span(run.first, child.end)
    yield run


def _children(body: bytes) -> Iterator[_Span]:
    """The spans between the outermost commas of a list or an object."""
    depth, first, at = 0, 1, 0
    while found := (_OUTSIDE if depth == 1 else _INSIDE).search(body, at):
        at = found.end()
        match found[0]:
            case b'"':
                at = _end_of_text(body, at)
            case b",":
                yield _Span(first, found.start())
                first = at
            case b"[" | b"{":
                depth += 1
            case _:
                depth -= 1
        if not depth:
            yield _Span(first, found.start())
            break
    if depth or at != len(body) or body[-1:] != _ENDS[body[:1]]:
        raise ValueError("it doesn't end where it should")


def _is_blank(body: bytes, span: _Span) -> bool:
    return not body[span.first : span.end].strip(_BLANK)


def _end_of_text(body: bytes, at: int) -> int:
    """The place after the quotation mark that ends the text around `at`. Raises `ValueError`."""
    while (end := body.find(b'"', at)) >= 0:
        before = end
        while before > at and body[before - 1] == ord("\\"):
            before -= 1
        at = end + 1
        if (end - before) % 2 == 0:
            return at
    raise ValueError("a text has no end")
