"""Tiles: the nodes of the tree in pieces of up to 256 hashes, in the C2SP format tlog-tiles.

A tile at level L holds nodes of the tree's level 8 L. A full tile never changes; the one at the right edge grows.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from .merkle import Node, Span, nodes_of

HEIGHT = 8
WIDTH = 1 << HEIGHT
HASH = 32


class TileId(NamedTuple):
    """A tile's level, and its number on that level."""

    level: int
    number: int


def tile_of(node: Node) -> TileId:
    """The tile that holds a node, or the nodes that it is made of."""
    level, above = divmod(node.level, HEIGHT)
    return TileId(level, (node.number << above) >> HEIGHT)


def tiles_of(spans: Iterable[Span]) -> set[TileId]:
    """All tiles that are needed for the hashes of some subtrees."""
    return {tile_of(node) for span in spans for node in nodes_of(span)}


def node_in(tiles: Mapping[TileId, bytes], node: Node) -> bytes:
    """The hash of a node, from its tile. Raises `KeyError` or `ValueError` where the tile is too short."""
    above = node.level % HEIGHT
    first = (node.number << above) % WIDTH
    hashes = tiles[tile_of(node)][first * HASH : (first + (1 << above)) * HASH]
    if len(hashes) != HASH << above:
        raise ValueError(f"the tile doesn't hold {node}")
    return perfect_root(hashes)


def perfect_root(hashes: bytes) -> bytes:
    """The root over hashes laid end to end; their number must be a power of two."""
    pair = 2 * HASH
    while len(hashes) > HASH:
        # As `node_hash`, without cutting two hashes apart.
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + pair]).digest() for at in range(0, len(hashes), pair)])
    return hashes


@lru_cache(maxsize=4 * HEIGHT)
def known_root(hashes: bytes) -> bytes:
    """The same, remembered: while leaves are added, most of the edge stays as it is."""
    return perfect_root(hashes)


def number_path(number: int) -> str:
    """A tile's number in groups of three digits, all but the last marked with an x."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03}")
    return "/".join(reversed(groups))


def number_of(path: str) -> int:
    """The number that `number_path` wrote. Raises `ValueError` for any other spelling."""
    digits = "".join(group.removeprefix("x") for group in path.split("/"))
    if not (digits.isascii() and digits.isdigit()) or number_path(int(digits)) != path:
        raise ValueError(f"not the number of a tile: {path!r}")
    return int(digits)
