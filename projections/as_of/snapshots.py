"""The file of snapshots: the tables of a codebase's views at some of its events. It is a cache, in SQLite.

A file that can't be used counts as an empty cache: errors here are logged and cost only time.
"""

import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from ...domain.ids import CodebaseId, Sequence
from ..private_file import make_private
from ..views.views import VERSION

log = structlog.get_logger()

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS snapshots (
    version TEXT, codebase TEXT, sequence INTEGER, fingerprint TEXT, state BLOB,
    PRIMARY KEY (codebase, sequence)
);
"""
_BEFORE: Final = (
    "SELECT sequence, fingerprint, state FROM snapshots"
    " WHERE codebase = ? AND sequence <= ? AND version = ? ORDER BY sequence DESC LIMIT 1"
)


_DROP: Final = "DELETE FROM snapshots WHERE rowid = (SELECT min(rowid) FROM snapshots)"

IN_MEMORY: Final = Path(":memory:")
"""SQLite's name for a database in memory, without a file."""

LARGEST: Final = 256 * 1024 * 1024
"""Bytes of all snapshots at most."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The views after the event `sequence`. `fingerprint`: of that event."""

    sequence: Sequence
    fingerprint: str
    state: bytes


class Snapshots:
    """An open file of snapshots. All calls block."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._turn = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> "Snapshots":
        """The file at `path`, or an empty one in its place; in memory where no file can be made."""
        for _ in range(2 if path != IN_MEMORY else 0):
            with suppress(OSError):
                make_private(path)
            try:
                return cls(_opened(path))
            except sqlite3.Error as error:
                log.warning("the snapshots can't be used", path=str(path), error=str(error))
                _discard(path)
        return cls(_opened(IN_MEMORY))

    def before(self, codebase: CodebaseId, sequence: Sequence) -> Snapshot | None:
        """A codebase's last snapshot up to `sequence`."""
        with self._turn, suppress(sqlite3.Error):
            row = self._connection.execute(_BEFORE, (codebase, sequence, VERSION)).fetchone()
            return Snapshot(*row) if row and type(row[-1]) is bytes else None
        return None

    def keep(self, codebase: CodebaseId, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        values = (VERSION, codebase, snapshot.sequence, snapshot.fingerprint, snapshot.state)
        with self._turn, suppress(sqlite3.Error):
            self._connection.execute("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?)", values)
            # The oldest are dropped first: each is a whole copy, and an early moment is quickly rebuilt without one.
            while self._size() > LARGEST and self._connection.execute(_DROP).rowcount:
                pass

    def _size(self) -> int:
        return int(self._connection.execute("SELECT coalesce(sum(length(state)), 0) FROM snapshots").fetchone()[0])

    def forget(self, codebase: CodebaseId) -> None:
        """Drop the snapshots of a codebase."""
        with self._turn, suppress(sqlite3.Error):
            self._connection.execute("DELETE FROM snapshots WHERE codebase = ?", (codebase,))

    def close(self) -> None:
        """Let the work under way finish, then close."""
        with self._turn:
            self._connection.close()


def _opened(place: Path) -> sqlite3.Connection:
    """A connection to the snapshots at a place. Raises `sqlite3.Error`."""
    connection = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(_SCHEMA)
        connection.execute("DELETE FROM snapshots WHERE version <> ?", (VERSION,))
    except BaseException:
        connection.close()
        raise
    return connection


def _discard(path: Path) -> None:
    with suppress(OSError):
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
