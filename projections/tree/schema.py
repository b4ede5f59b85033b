"""The file of the log's tree as it is made, and its content as an auditor reads it. Nothing here writes."""

import sqlite3
from typing import Final

from ...domain.errors import StoreError
from ...domain.proofs.tiles import TileId

TREE_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS tiles (
    level INTEGER, number INTEGER, hashes BLOB, PRIMARY KEY (level, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), size INTEGER, note TEXT);
COMMIT;
"""
_FOREIGN: Final = "SELECT type, name FROM sqlite_master WHERE name NOT IN ('tiles', 'checkpoint') OR type <> 'table'"


def read_tree(connection: sqlite3.Connection) -> tuple[str, dict[TileId, bytes]]:
    """The checkpoint and the tiles of a tree's file, for an audit; empty if nothing was signed. Raises `StoreError`."""
    try:
        check_shape(connection)
        row = connection.execute("SELECT size, note FROM checkpoint").fetchone()
        tiles = connection.execute("SELECT level, number, hashes FROM tiles").fetchall()
    except (sqlite3.Error, ValueError) as error:
        raise StoreError(f"The tree of the log can't be read: {error}.") from None
    if row and tuple(map(type, row)) != (int, str):
        raise StoreError("The tree of the log can't be read: its checkpoint is damaged.")
    for level, number, hashes in tiles:
        if tuple(map(type, (level, number, hashes))) != (int, int, bytes) or level < 0 or number < 0:
            raise StoreError(f"The tree of the log can't be read: its tile {level!r:.40}, {number!r:.40} is damaged.")
    return (row[1] if row else ""), {TileId(level, number): hashes for level, number, hashes in tiles}


def check_shape(connection: sqlite3.Connection) -> None:
    """Raise `ValueError` for anything besides our tables, such as a trigger, which would run when we write."""
    for kind, name in connection.execute(_FOREIGN):
        raise ValueError(f"it has a {kind} {name!r:.80}, which no tree has")
