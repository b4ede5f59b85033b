"""One proof for many leaves: it fits those leaves, and no others."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.test_merkle import Leaves

from opencode_ledger.domain.proofs.batch_inclusion import root_with, spans_beside
from opencode_ledger.domain.proofs.merkle import EMPTY_ROOT, leaf_hash, span_hash


def proof_of(tree: Leaves, leaves: Sequence[int], size: int) -> list[bytes]:
    return [span_hash(span, tree.node) for span in spans_beside(leaves, size)]


@given(st.integers(1, 300), st.data())
def test_any_leaves_of_any_tree(size: int, data: st.DataObject) -> None:
    """For any set of leaves the proof leads to the root, and any change leads elsewhere."""
    tree = Leaves([b"%d" % number for number in range(size)])
    chosen = sorted(data.draw(st.sets(st.integers(0, size - 1))))
    proof = proof_of(tree, chosen, size)
    leaves = {place: tree.hashes[place] for place in chosen}
    assert root_with(leaves, size, proof) == tree.root(size)
    for place in chosen[:3]:
        assert root_with({**leaves, place: leaf_hash(b"other")}, size, proof) != tree.root(size)
    for spoilt in (proof[:-1], [*proof, EMPTY_ROOT]):
        if spoilt != proof:
            with pytest.raises(ValueError, match=r"missing|left over"):
                root_with(leaves, size, spoilt)


def test_a_proof_says_each_hash_once() -> None:
    """A run of leaves needs no more hashes than the two paths at its ends."""
    assert spans_beside(range(100, 900), 1000) == spans_beside(list(range(100, 900)), 1000)
    assert len(spans_beside(range(100, 900), 1000)) <= 20
    assert spans_beside(range(1000), 1000) == []
    assert [tuple(span) for span in spans_beside([], 1000)] == [(0, 1000)]


def test_what_no_tree_has() -> None:
    """Leaves beyond the tree are refused; a tree without leaves has the empty root."""
    for leaf in (-1, 5):
        with pytest.raises(ValueError, match="beyond"):
            spans_beside([leaf], 5)
        with pytest.raises(ValueError, match="beyond"):
            root_with({leaf: EMPTY_ROOT}, 5, [])
    assert spans_beside([], 0) == []
    assert root_with({}, 0, []) == EMPTY_ROOT
