"""The file of the log's tree: its tiles and its newest checkpoint, in SQLite.

Tiles and checkpoint change in one transaction, so the checkpoint always signs exactly the stored tiles. What a crash
loses is rebuilt from the log, byte for byte. All calls block, and use the file one at a time.
"""

import sqlite3
import threading
from collections.abc import Collection
from collections.abc import Sequence as Many
from contextlib import closing
from pathlib import Path
from typing import Final

from ...domain.events.recorded import RecordedEvent
from ...domain.fault_points import Reach
from ...domain.proofs.growing_tree import GrowingTree, edge_of
from ...domain.proofs.leaves import leaves_of
from ...domain.proofs.signed_notes import Checkpoint, sign_note
from ...domain.proofs.tiles import TileId
from ..private_file import make_private
from .schema import TREE_SCHEMA, check_shape
from .signing import SigningKey

_WRITE_TILE: Final = "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)"
_WRITE_CHECKPOINT: Final = "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)"
_LARGEST: Final = 2**63 - 1
"""The largest integer of SQLite."""
_READ_TILE: Final = "SELECT hashes FROM tiles WHERE level = ? AND number = ?"


class TreeFile:
    """An open file of a tree. `size`: the number of events it covers. `note`: the signed checkpoint over them."""

    def __init__(self, connection: sqlite3.Connection, key: SigningKey, reach: Reach) -> None:
        self._connection, self._key, self._reach = connection, key, reach
        self._turn = threading.Lock()
        self.size, self.note = 0, ""
        self._tree = GrowingTree()
        self._recall()

    @classmethod
    def open(cls, path: Path, key: SigningKey, reach: Reach) -> "TreeFile":
        """Open the file, or create it. Raises `sqlite3.Error` or `ValueError` where it can't be used."""
        make_private(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(TREE_SCHEMA)
            check_shape(connection)
            self = cls(connection, key, reach)
            self._begin()
            connection.execute("PRAGMA synchronous = NORMAL")
            return self
        except BaseException:
            connection.close()
            raise

    def add(self, events: Many[RecordedEvent]) -> None:
        """Add the events that follow the last one covered.

        Raises `sqlite3.Error`, or `ValueError` for events that don't follow; then nothing was added.
        """
        with self._turn:
            if [event.position for event in events] != [*range(self.size + 1, self.size + 1 + len(events))]:
                raise ValueError(f"these are not the events after {self.size}")
            try:
                self._write(events)
            except BaseException:
                self._recall()
                raise

    def tiles(self, wanted: Collection[TileId]) -> dict[TileId, bytes]:
        """The wanted tiles that exist."""
        with self._turn:
            found = {
                tile: self._connection.execute(_READ_TILE, tile).fetchone()
                for tile in wanted
                if tile.number <= _LARGEST
            }
        return {tile: row[0] for tile, row in found.items() if row and type(row[0]) is bytes}

    def root(self) -> bytes:
        """The root over all leaves, from the tiles."""
        return self._tree.root()

    def close(self) -> None:
        """Let the work under way finish, then close."""
        with self._turn:
            self._connection.close()

    def _write(self, events: Many[RecordedEvent]) -> None:
        self._tree.extend(leaves_of(events))
        note = self._signed()
        self._reach("tree.before_transaction")
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            self._connection.executemany(_WRITE_TILE, ((*tile, hashes) for tile, hashes in self._tree.take().items()))
            self._reach("tree.between_tiles_and_checkpoint")
            self._connection.execute(_WRITE_CHECKPOINT, (self._tree.size, note))
            self._reach("tree.before_commit")
        self._reach("tree.after_commit")
        self.size, self.note = self._tree.size, note

    def sign_again(self) -> None:
        """Sign with this key a tree that another key signed."""
        with self._turn:
            self.note = self._signed()
            self._connection.execute(_WRITE_CHECKPOINT, (self.size, self.note))

    def _begin(self) -> None:
        """Write a checkpoint over no events into a new file: a tree without a checkpoint isn't ours."""
        if not self.size:
            self._connection.execute(_WRITE_CHECKPOINT, (0, self.note))

    def _signed(self) -> str:
        key = self._key.verifier
        return sign_note(Checkpoint(key.name, self._tree.size, self._tree.root()).text, key, self._key.sign)

    def _recall(self) -> None:
        """Read the tree's state from the file."""
        size, note = self._connection.execute("SELECT size, note FROM checkpoint").fetchone() or (0, "")
        if type(size) is not int or size < 0 or type(note) is not str:
            raise ValueError("its checkpoint is damaged")
        rows = {tile: self._connection.execute(_READ_TILE, tile).fetchone() for tile in edge_of(size)}
        self._tree = GrowingTree(size, {tile: row[0] for tile, row in rows.items() if row and type(row[0]) is bytes})
        self.size, self.note = size, note or self._signed()


def is_begun(path: Path) -> bool:
    """Whether the file has a tree that was ever signed. Other code reports a file that can't be read. Blocks."""
    if not path.is_file() or not path.stat().st_size:
        return path.exists() and not path.is_file()
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT 1 FROM checkpoint").fetchone() is not None
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_ERROR  # which is: no such table
