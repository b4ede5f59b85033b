"""Tiles: the tree in pieces, however it grew."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.test_merkle import Leaves

from opencode_ledger.domain.proofs.growing_tree import GrowingTree, edge_of
from opencode_ledger.domain.proofs.merkle import (
    EMPTY_ROOT,
    Node,
    Span,
    consistency_spans,
    inclusion_spans,
    span_hash,
)
from opencode_ledger.domain.proofs.tiles import (
    HASH,
    TileId,
    node_in,
    number_of,
    number_path,
    tiles_of,
)

MANY = 70_000
"""Leaves enough for three levels of tiles."""

LEAVES = Leaves([b"%d" % number for number in range(MANY)])


def grown(size: int) -> tuple[GrowingTree, dict[TileId, bytes]]:
    tree, tiles = GrowingTree(), dict[TileId, bytes]()
    for leaf in LEAVES.hashes[:size]:
        tree.add(leaf)
    tiles.update(tree.take())
    return tree, tiles


def test_a_large_tree() -> None:
    """Over three levels of tiles, every proof made of tiles is the proof made of leaves."""
    tree, tiles = grown(MANY)
    assert {tile.level for tile in tiles} == {0, 1, 2}
    for spans in (inclusion_spans(0, MANY), inclusion_spans(65_536, MANY), consistency_spans(12_345, MANY)):
        needed = {tile: tiles[tile] for tile in tiles_of(spans)}
        for span in spans:
            assert span_hash(span, partial(node_in, needed)) == span_hash(span, LEAVES.node)
    assert tree.root() == LEAVES.root(MANY)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_growing_in_steps(steps: list[int]) -> None:
    """A tree that is stored and loaded between any steps is the tree that grew at once."""
    kept: dict[TileId, bytes] = {}
    size = 0
    for step in steps:
        tree = GrowingTree(size, kept)
        for leaf in LEAVES.hashes[size : size + step]:
            tree.add(leaf)
        size += step
        kept.update(tree.take())
        assert tree.root() == LEAVES.root(size)
        assert tree.take().keys() <= set(edge_of(size))
    assert {tile: hashes for tile, hashes in kept.items() if hashes} == grown(size)[1]
    if size:
        assert node_in(kept, Node(0, size - 1)) == LEAVES.hashes[size - 1]


def test_a_tree_without_leaves() -> None:
    """The empty tree has the empty root and no tiles."""
    assert GrowingTree().root() == EMPTY_ROOT
    assert GrowingTree().take() == {}
    assert tiles_of([Span(0, 0)]) == set()


def test_an_edge_that_does_not_fit() -> None:
    """A tree is not taken up on tiles of another size, and a tile doesn't answer for what it doesn't hold."""
    with pytest.raises(ValueError, match="edge"):
        GrowingTree(3, {TileId(0, 0): bytes(2 * HASH)})
    with pytest.raises(ValueError, match="hold"):
        node_in({TileId(0, 0): bytes(2 * HASH)}, Node(1, 1))


@pytest.mark.parametrize(
    ("number", "path"),
    [(0, "000"), (67, "067"), (999, "999"), (1000, "x001/000"), (1_234_067, "x001/x234/067")],
)
def test_the_names_of_tiles(number: int, path: str) -> None:
    """Tiles are addressed as the C2SP tlog-tiles format does it, and in one spelling."""
    assert number_path(number) == path
    assert number_of(path) == number


@pytest.mark.parametrize("path", ["", "0", "0000", "x000/001", "001/002", "x1/002", "-01", "٠٠٠", "x001", "001/"])
def test_no_other_spelling(path: str) -> None:
    """An address in any other spelling names no tile."""
    with pytest.raises(ValueError, match="not the number"):
        number_of(path)
