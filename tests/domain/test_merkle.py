"""The Merkle tree, against the vectors of its makers and against a tree that others wrote."""

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_ledger.domain.proofs.merkle import (
    EMPTY_ROOT,
    Node,
    Span,
    consistency_spans,
    inclusion_spans,
    leaf_hash,
    span_hash,
    verify_consistency,
    verify_inclusion,
)
from opencode_ledger.domain.proofs.tiles import perfect_root

pymerkle: Any = import_module("pymerkle")
"""It comes without types."""

ENTRIES = [
    bytes.fromhex(entry)
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""The entries with which implementations of Certificate Transparency are tested; below, the roots they give."""

ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


class Leaves:
    """A tree in memory, whose nodes are worked out when they are asked for."""

    def __init__(self, entries: list[bytes]) -> None:
        self.hashes = [leaf_hash(entry) for entry in entries]

    def node(self, node: Node) -> bytes:
        first = node.number << node.level
        return perfect_root(b"".join(self.hashes[first : first + (1 << node.level)]))

    def root(self, size: int) -> bytes:
        return span_hash(Span(0, size), self.node)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return [span_hash(span, self.node) for span in inclusion_spans(index, size)]

    def consistency(self, old: int, new: int) -> list[bytes]:
        return [span_hash(span, self.node) for span in consistency_spans(old, new)]


def test_the_published_roots() -> None:
    """The roots over the well-known entries are the published ones."""
    tree = Leaves(ENTRIES)
    assert [tree.root(size).hex() for size in range(1, 9)] == list(ROOTS)
    assert tree.root(0) == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_examples_of_the_rfc() -> None:
    """The proofs over seven leaves are made of the nodes that RFC 6962 (2.1.3) names."""
    a, b, c, d, e, f, j = (Span(n, n + 1) for n in range(7))
    g, h, i = (Span(n, n + 2) for n in (0, 2, 4))
    k, l = Span(0, 4), Span(4, 7)  # noqa: E741 - the RFC's own letter
    assert inclusion_spans(0, 7) == [b, h, l]
    assert inclusion_spans(3, 7) == [c, g, l]
    assert inclusion_spans(4, 7) == [f, j, k]
    assert inclusion_spans(6, 7) == [i, k]
    assert consistency_spans(3, 7) == [c, d, g, l]
    assert consistency_spans(4, 7) == [l]
    assert consistency_spans(6, 7) == [i, j, k]
    assert (a, e) == (Span(0, 1), Span(4, 5))


@pytest.mark.parametrize("size", [*range(1, 20), 31, 32, 33, 100])
def test_against_a_tree_that_others_wrote(size: int) -> None:
    """Roots and inclusion proofs are those of pymerkle, and its verifier takes ours."""
    entries = [b"entry %d" % number for number in range(size)]
    ours, theirs = Leaves(entries), pymerkle.InmemoryTree(algorithm="sha256")
    for entry in entries:
        theirs.append_entry(entry)
    root = theirs.get_root(size)
    assert ours.root(size) == root
    for index in range(size):
        proof = theirs.prove_inclusion(index + 1, size)
        path = ours.inclusion(index, size)
        assert proof.path == [ours.hashes[index], *path]
        proof.path[1:] = path
        pymerkle.verify_inclusion(ours.hashes[index], root, proof, index=index + 1, size=size)
        assert verify_inclusion(ours.hashes[index], index, size, path, root)
    for old in range(size + 1):
        old_root = theirs.get_root(old) if old else EMPTY_ROOT
        assert verify_consistency(old, size, ours.consistency(old, size), old_root, root)


def test_their_proof_of_consistency_resolves_to_our_roots() -> None:
    """What pymerkle proves to be consistent is what we prove to be consistent."""
    entries = [b"entry %d" % number for number in range(40)]
    ours, theirs = Leaves(entries), pymerkle.InmemoryTree(algorithm="sha256")
    for entry in entries:
        theirs.append_entry(entry)
    for new in range(1, 41):
        for old in range(1, new + 1):
            proof = theirs.prove_consistency(old, new)
            pymerkle.verify_consistency(ours.root(old), ours.root(new), proof, prior_size=old, later_size=new)


sizes = st.integers(1, 300)


@given(st.data(), sizes)
def test_a_proof_fits_its_leaf_alone(data: st.DataObject, size: int) -> None:
    """A proof with any byte, place, size, leaf or length changed is refused."""
    tree = Leaves([b"%d" % number for number in range(size)])
    index = data.draw(st.integers(0, size - 1))
    proof, root, leaf = tree.inclusion(index, size), tree.root(size), tree.hashes[index]
    assert verify_inclusion(leaf, index, size, proof, root)
    other = data.draw(st.integers(-1, size + 3).filter(lambda place: place != index))
    assert not verify_inclusion(leaf, other, size, proof, root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, root)
    assert not verify_inclusion(leaf, index, size, [*proof, root], root)
    assert not verify_inclusion(leaf, index, size, proof, leaf_hash(b"other"))
    if proof:
        assert not verify_inclusion(leaf, index, size, proof[:-1], root)
        place = data.draw(st.integers(0, len(proof) - 1))
        assert not verify_inclusion(leaf, index, size, _spoilt(proof, place), root)


@given(st.data(), sizes)
def test_a_tree_that_was_rewritten_is_not_consistent(data: st.DataObject, size: int) -> None:
    """A log with a leaf changed has no proof that it goes on from what it was; an honest one has."""
    old = data.draw(st.integers(1, size))
    tree = Leaves([b"%d" % number for number in range(size)])
    proof = tree.consistency(old, size)
    assert verify_consistency(old, size, proof, tree.root(old), tree.root(size))
    forged = Leaves([b"%d" % number for number in range(size)])
    forged.hashes[data.draw(st.integers(0, old - 1))] = leaf_hash(b"forged")
    assert not verify_consistency(old, size, forged.consistency(old, size), tree.root(old), forged.root(size))
    assert not verify_consistency(old, size, [*proof, EMPTY_ROOT], tree.root(old), tree.root(size))
    assert not verify_consistency(old, size, proof, EMPTY_ROOT, tree.root(size))
    assert not verify_consistency(size + 1, size, proof, tree.root(old), tree.root(size))
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        assert not verify_consistency(old, size, _spoilt(proof, place), tree.root(old), tree.root(size))
        assert not verify_consistency(old, size, proof[:-1], tree.root(old), tree.root(size))


def test_what_no_tree_has() -> None:
    """A leaf or an older tree beyond the tree is an error, not a proof."""
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="beyond"):
            inclusion_spans(index, size)
    for old, new in ((6, 5), (-1, 5)):
        with pytest.raises(ValueError, match="beyond"):
            consistency_spans(old, new)
    assert verify_consistency(0, 5, [], EMPTY_ROOT, leaf_hash(b""))
    assert not verify_consistency(3, 5, [], EMPTY_ROOT, leaf_hash(b""))
    assert not verify_consistency(4, 5, [], leaf_hash(b""), leaf_hash(b""))


def _spoilt(proof: list[bytes], place: int) -> list[bytes]:
    return [*proof[:place], bytes([proof[place][0] ^ 1]) + proof[place][1:], *proof[place + 1 :]]
