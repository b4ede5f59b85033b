"""The file of whole outputs: its parts, and the statements that are run on it."""

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final

from ....domain.errors import StoreError

OUTPUTS_NAME: Final = "outputs.db"
"""The file's name, beside the log's."""

OUTPUTS_VERSION: Final = 1
"""Kept in `PRAGMA user_version`; raise it with every change below, and bring older files up to it."""

OUTPUTS_APPLICATION_ID: Final = 0x6F636C6F
"""Kept in `PRAGMA application_id`: `oclo`."""

CREATE: Final = f"""
BEGIN IMMEDIATE;

CREATE TABLE outputs (
    number INTEGER PRIMARY KEY,
    codebase TEXT NOT NULL,
    id TEXT NOT NULL,
    salt BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    settled INTEGER NOT NULL,
    UNIQUE (codebase, id)
);

-- `first`: the place of the chunk's first byte in the output.
CREATE TABLE chunks (output INTEGER, first INTEGER, text BLOB NOT NULL, PRIMARY KEY (output, first)) WITHOUT ROWID;

PRAGMA application_id = {OUTPUTS_APPLICATION_ID};
PRAGMA user_version = {OUTPUTS_VERSION};

COMMIT;
"""

BEGIN_OUTPUT: Final = "INSERT INTO outputs (codebase, id, salt, bytes, settled) VALUES (?, ?, ?, 0, 0)"
ADD_CHUNK: Final = "INSERT INTO chunks VALUES (?, ?, ?)"
END_OUTPUT: Final = "UPDATE outputs SET bytes = ? WHERE number = ?"

SELECT_OUTPUT: Final = "SELECT number, salt, bytes FROM outputs WHERE codebase = ? AND id = ?"
SELECT_CHUNKS: Final = """
SELECT first, text FROM chunks WHERE output = ? AND first < ?
AND first >= (SELECT coalesce(max(first), 0) FROM chunks WHERE output = ? AND first <= ?) ORDER BY first
"""
SELECT_CHUNK: Final = """
SELECT text FROM chunks WHERE output = (SELECT number FROM outputs WHERE codebase = ? AND id = ?) AND first = ?
"""
SELECT_UNSETTLED: Final = "SELECT codebase, id FROM outputs WHERE settled = 0 ORDER BY number"
SELECT_ALL_OUTPUTS: Final = "SELECT codebase, id, number, salt, bytes, settled FROM outputs ORDER BY number"

SETTLE: Final = "UPDATE outputs SET settled = 1 WHERE codebase = ? AND id = ?"
DROP_CHUNKS: Final = "DELETE FROM chunks WHERE output = (SELECT number FROM outputs WHERE codebase = ? AND id = ?)"
DROP_OUTPUT: Final = "DELETE FROM outputs WHERE codebase = ? AND id = ?"
DROP_STRAY: Final = "DELETE FROM chunks WHERE output NOT IN (SELECT number FROM outputs)"

_SHAPE: Final = "SELECT type, name, sql FROM sqlite_master WHERE NOT (type = 'index' AND sql IS NULL)"


def is_fresh(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether a file must still be made into one of outputs. Raises `StoreError` if it can't be one."""
    ((application,),) = connection.execute("PRAGMA application_id")
    ((version,),) = connection.execute("PRAGMA user_version")
    found = connection.execute(_SHAPE).fetchall()
    if not application and not version and not found:
        return True
    if application != OUTPUTS_APPLICATION_ID:
        raise StoreError(f"{path} belongs to another program and was left alone: choose another directory with --data.")
    if version != OUTPUTS_VERSION:
        raise StoreError(
            f"{path} was written by a newer opencode-ledger (it has schema {version}; this version reads only "
            f"{OUTPUTS_VERSION}) and was left alone: install that version, or choose another directory with --data."
        )
    if {(kind, name): _plain(sql) for kind, name, sql in found} != _parts():
        raise StoreError(
            f"{path} was altered by other means than opencode-ledger, and was left alone: put a backup in its place."
        )
    return False


@cache
def _parts() -> dict[tuple[str, str], str]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(CREATE)
        return {(kind, name): _plain(sql) for kind, name, sql in fresh.execute(_SHAPE)}


def _plain(sql: Any) -> str:
    return " ".join(str(sql).split())
