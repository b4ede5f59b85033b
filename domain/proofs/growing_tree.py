"""The log's Merkle tree as it grows: its size, its root, and the tiles that change.

Only the right edge is in memory: for each level the hashes of the tile that is not full yet.
"""

from collections.abc import Mapping, Sequence

from .merkle import EMPTY_ROOT, join
from .tiles import HASH, HEIGHT, WIDTH, TileId, known_root, perfect_root


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
                    perfect.append(known_root(bytes(hashes[at : at + (HASH << power)])))
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
