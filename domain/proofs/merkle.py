"""The Merkle tree of RFC 6962: hashes, roots and proofs, over a log whose events are its leaves.

A node has a level and a number: it is the perfect subtree over the leaves [number << level, (number + 1) << level).
Only such nodes are stored, since they never change while the log grows. Every other hash is computed from them.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple, TypeAlias

EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""


class Node(NamedTuple):
    """A perfect subtree; level 0 is a leaf."""

    level: int
    number: int


class Span(NamedTuple):
    """The leaves from `start` to `end` (exclusive), which form a subtree of RFC 6962: perfect from the left."""

    start: int
    end: int


NodeHash: TypeAlias = Callable[[Node], bytes]
"""The 32 bytes of a stored node."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf. Its prefix differs from that of inner nodes, so that neither can be taken for the other."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def nodes_of(span: Span) -> list[Node]:
    """The perfect subtrees of a span, from left to right, the largest first."""
    nodes: list[Node] = []
    start, end = span
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def span_hash(span: Span, node: NodeHash) -> bytes:
    """The hash of a subtree, perfect or not."""
    return join([node(each) for each in nodes_of(span)])


def join(perfect: Sequence[bytes]) -> bytes:
    """The root over adjacent perfect subtrees, from the largest to the smallest."""
    if not perfect:
        return EMPTY_ROOT
    root = perfect[-1]
    for left in reversed(perfect[:-1]):
        root = node_hash(left, root)
    return root


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The subtrees whose hashes prove that leaf `index` (from 0) is in the tree of `size` leaves, nearest first."""
    if not 0 <= index < size:
        raise ValueError("a leaf beyond the tree")
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """The subtrees whose hashes prove that the tree of `new` leaves begins with the tree of `old` leaves."""
    if not 0 <= old <= new:
        raise ValueError("an older tree beyond the newer")
    if old in (0, new):
        return []
    spans: list[Span] = []
    start, end, known = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start, known = middle, False
    # The verifier has the old root itself; any other subtree at the end of the path must be in the proof.
    return [*([] if known else [Span(start, end)]), *spans[::-1]]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows that the leaf of hash `leaf` is at `index` in the tree of this size and root."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(beside, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether `proof` shows that the tree of `new` leaves only adds to the tree of `old` leaves."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not proof and old_root == (EMPTY_ROOT if old == 0 else new_root)
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(beside, before), node_hash(beside, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _split(size: int) -> int:
    """The largest power of two below `size`: the number of leaves in the left subtree."""
    return 1 << (size - 1).bit_length() - 1
