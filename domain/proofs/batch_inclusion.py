"""A batch inclusion proof: one proof for many leaves, without duplicate hashes.

The tree is walked from its root. A subtree without any of the leaves is one hash of the proof; a subtree with some of
them is walked further. The verifier has the leaves, walks the same way, and gets the root.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from .merkle import EMPTY_ROOT, Span, node_hash


def spans_beside(leaves: Sequence[int], size: int) -> list[Span]:
    """The subtrees that complete these leaves (from 0, ascending) to the tree of `size`, from left to right."""
    if leaves and not 0 <= leaves[0] <= leaves[-1] < size:
        raise ValueError("a leaf beyond the tree")
    return list(_beside(leaves, Span(0, size))) if size else []


def root_with(leaves: Mapping[int, bytes], size: int, proof: Sequence[bytes]) -> bytes:
    """The root of the tree of `size` from these leaf hashes and this proof.

    Raises `ValueError` where the proof has too few or too many hashes, or a leaf is beyond the tree.
    """
    places = sorted(leaves)
    if places and not 0 <= places[0] <= places[-1] < size:
        raise ValueError("a leaf beyond the tree")
    rest = iter(proof)
    try:
        root = _root(places, leaves, Span(0, size), rest) if size else EMPTY_ROOT
    except StopIteration:
        raise ValueError("hashes are missing") from None
    if next(rest, None) is not None:
        raise ValueError("hashes are left over")
    return root


def _beside(places: Sequence[int], span: Span) -> Iterator[Span]:
    if not _any_in(places, span):
        yield span
    elif span.end - span.start > 1:
        for half in _halves(span):
            yield from _beside(places, half)


def _root(places: Sequence[int], leaves: Mapping[int, bytes], span: Span, rest: Iterator[bytes]) -> bytes:
    if not _any_in(places, span):
        return next(rest)
    if span.end - span.start == 1:
        return leaves[span.start]
    left, right = _halves(span)
    return node_hash(_root(places, leaves, left, rest), _root(places, leaves, right, rest))


def _any_in(places: Sequence[int], span: Span) -> bool:
    at = bisect_left(places, span.start)
    return at < len(places) and places[at] < span.end


def _halves(span: Span) -> tuple[Span, Span]:
    middle = span.start + (1 << (span.end - span.start - 1).bit_length() - 1)
    return Span(span.start, middle), Span(middle, span.end)
