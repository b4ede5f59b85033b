"""Tiles: the nodes of the tree in pieces of up to 256 hashes, in the C2SP format tlog-tiles.

A tile at level L holds nodes of the tree's level 8 L. A full tile never changes; the one at the right edge grows.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from .merkle import EMPTY_ROOT, Node, Span, join, nodes_of

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
def _known_root(hashes: bytes) -> bytes:
    # While leaves are added, most of the edge stays as it is.
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


class GrowingTree:
    """The right edge of a growing tree: for each level the tile that is not full yet.

    `touched`: the tiles that changed since the last `take`.
    """

    def __init__(self, size: int = 0, edge: Mapping[TileId, bytes] | None = None) -> None:
        """A tree of `size` leaves. `edge`: its tiles that are not full (see `edge_of`)."""
        self.size = size
        self._edge = [bytearray((edge or {}).get(tile, b"")) for tile in edge_of(size)]
        self._touched: dict[TileId, bytes] = {}
        if [len(hashes) // HASH for hashes in self._edge] != [_width(size, tile) for tile in edge_of(size)]:
            raise ValueError("the tiles at the edge don't fit the size")

    def add(self, leaf: bytes) -> None:
        """Add a leaf by its hash."""
        self.extend([leaf])

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaves by their hashes."""
        at = 0
        while at < len(leaves):
            room = WIDTH - self.size % WIDTH
            piece = leaves[at : at + room]
            if len(piece) < room:
                self._edge[0] += b"".join(piece)
            else:
                self._edge[0] += b"".join(piece[:-1])
                self._add(0, piece[-1], self.size + room - 1)
            self.size += len(piece)
            at += room

    def root(self) -> bytes:
        """The root over all leaves."""
        perfect: list[bytes] = []
        for hashes in reversed(self._edge):
            at = 0
            for power in reversed(range(HEIGHT)):
                if len(hashes) // HASH & (1 << power):
                    perfect.append(_known_root(bytes(hashes[at : at + (HASH << power)])))
                    at += HASH << power
        return join(perfect) if perfect else EMPTY_ROOT

    def take(self) -> dict[TileId, bytes]:
        """The tiles that changed since the last call."""
        for level, hashes in enumerate(self._edge):
            if hashes:
                self._touched[TileId(level, self.size >> (HEIGHT * (level + 1)))] = bytes(hashes)
        taken, self._touched = self._touched, {}
        return taken

    def _add(self, level: int, hashed: bytes, index: int) -> None:
        if level == len(self._edge):
            self._edge.append(bytearray())
        tile = self._edge[level]
        tile += hashed
        if len(tile) == WIDTH * HASH:
            full = bytes(tile)
            self._touched[TileId(level, index >> HEIGHT)] = full
            tile.clear()
            self._add(level + 1, perfect_root(full), index >> HEIGHT)


def edge_of(size: int) -> list[TileId]:
    """For each level of a tree, the tile for the next hash of that level."""
    levels = range((max(size, 1).bit_length() - 1) // HEIGHT + 1)
    return [TileId(level, size >> (HEIGHT * (level + 1))) for level in levels]


def _width(size: int, tile: TileId) -> int:
    return (size >> (HEIGHT * tile.level)) - (tile.number << HEIGHT)
