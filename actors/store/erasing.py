"""Erasing from the log's file while no server uses it. Afterwards no byte of the directory holds what was erased.

1. The erasure events are recorded, with the note that their work is unfinished. From then on there is no way back.
   Every later step may be cut off anywhere and repeated.
2. Tombstones overwrite the bytes.
3. The whole outputs that belong to them are deleted from the file beside the log (see `outputs/erasing.py`).
4. The files that derive from the log are deleted.
5. The log's own file is rebuilt, so that no free space in it holds old bytes.
"""

import sqlite3
from collections.abc import Callable, Generator
from collections.abc import Sequence as Many
from contextlib import closing, contextmanager, suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from ...domain.erasure.tombstones import is_tombstone, tombstone_of
from ...domain.errors import StoreError
from ...domain.events.erasure import Erasure
from ...domain.events.recorded import RecordedEvent
from ...domain.events.wire import decode
from ...domain.fault_points import Reach, pass_by
from ...domain.ids import CodebaseId, OutputId, Position
from ...domain.outputs.record import kept_in
from .connections import LOCK_TIMEOUT
from .evidence.beside import check_before_opening
from .guards import SELECT_SHAPE, deviations, strange
from .outputs.erasing import Named, erase_outputs
from .outputs.schema import OUTPUTS_NAME
from .schema import MAKE_UNFINISHED, NEVER_CHANGE, UNFINISHED
from .sql_statements import INSERT, SELECT_ALL, SELECT_LIFECYCLE

Progress = Callable[[int, int], None]

_MOST: Final = 2**63 - 1
_OVERWRITE: Final = "UPDATE stored_events SET state = ? WHERE rowid = ?"


def record_erasures(path: Path, events: Many[RecordedEvent], reach: Reach = pass_by) -> None:
    """Record erasure events at the end of the log. `finish_erasures` erases what they name. Raises `StoreError`."""
    with _opened(path) as connection, _transaction(connection):
        _check_whole(connection)
        connection.execute(MAKE_UNFINISHED)
        connection.executemany(INSERT, events)
        connection.executemany(f"INSERT INTO {UNFINISHED} VALUES (?)", ((event.position,) for event in events))
        reach("erasure.before_commit")
    reach("erasure.after_commit")


def is_unfinished(path: Path) -> bool:
    """Whether an erasure of this log was cut off. A file that can't be read is reported elsewhere.

    Raises `StoreError` if SQLite must not open it.
    """
    check_before_opening(path)
    if not path.is_file():
        return False
    with (
        suppress(sqlite3.Error),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection,
    ):
        return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (UNFINISHED,)).fetchone())
    return False


def finish_erasures(
    path: Path, derived: Many[Path], reach: Reach = pass_by, progress: Progress = lambda _done, _of: None
) -> None:
    """Do the rest of the recorded erasures. Raises `StoreError`; then it can be called again.

    `derived`: files that are rebuilt from the log when they are missing. `progress`: called with the number of erasure
    events that are done, and of all.
    """
    with _opened(path) as connection:
        _check_whole(connection)
        todo = [row[0] for row in connection.execute(f"SELECT position FROM {UNFINISHED} ORDER BY position")]
        if any(type(position) is not int for position in todo):
            raise StoreError(f"{path} was altered: its list of unfinished erasures names a position without an event.")
        outputs = set[Named]()
        for done, position in enumerate(todo):
            progress(done, len(todo))
            outputs |= _overwrite(connection, Position(position), reach)
        reach("erasure.before_outputs")
        erase_outputs(path.with_name(OUTPUTS_NAME), outputs, partial(_named_in, connection), reach)
        reach("erasure.after_outputs")
        for file in derived:
            _delete(file)
        reach("erasure.before_compaction")
        _rebuild(connection)
        reach("erasure.before_end")
        connection.execute(f"DROP TABLE {UNFINISHED}")
        reach("erasure.after_end")
        _empty_write_ahead_log(connection)
        progress(len(todo), len(todo))


def _check_whole(connection: sqlite3.Connection) -> None:
    """Raise `StoreError` if events are missing: the rebuilt file would no longer show the gap."""
    count, last = connection.execute("SELECT count(*), coalesce(max(rowid), 0) FROM stored_events").fetchone()
    if count != last:
        raise StoreError(
            f"The log goes up to {last} and has {count} events, so nothing was erased: "
            "`opencode-ledger audit verify` shows what happened to it."
        )


def _overwrite(connection: sqlite3.Connection, by: Position, reach: Reach) -> set[Named]:
    """Put the tombstones of an erasure event that are still missing. Returns the outputs that go with them."""
    outputs = set[Named]()
    erasure = decode(_read(connection, by))
    if not isinstance(erasure, Erasure):
        raise StoreError(
            f"Event {by} of the log is not an erasure: `opencode-ledger audit verify` shows what happened."
        )
    with _transaction(connection):
        connection.execute("DROP TRIGGER IF EXISTS stored_events_never_change")
        for position, digest in erasure.tombstones.items():
            event = _read(connection, Position(int(position)))
            outputs |= {(kept.codebase, kept.output_id) for kept in kept_in([event])}
            if not is_tombstone(event.data):
                tombstone = tombstone_of(event, by)
                if tombstone is None or sha256(tombstone).hexdigest() != digest:
                    raise StoreError(
                        f"Event {position} is not the one that event {by} erases, so it was not changed: "
                        "`opencode-ledger audit verify` shows what happened."
                    )
                connection.execute(_OVERWRITE, (tombstone, event.position))
                reach("erasure.between_tombstones")
        connection.execute(NEVER_CHANGE)
        reach("erasure.before_overwritten")
    reach("erasure.after_overwritten")
    return outputs


def _named_in(connection: sqlite3.Connection, codebase: CodebaseId) -> set[OutputId]:
    """The whole outputs that a codebase's events name."""
    rows = map(RecordedEvent._make, connection.execute(SELECT_LIFECYCLE, (codebase, 0, _MOST, -1)))
    return {kept.output_id for kept in kept_in(rows)}


def _read(connection: sqlite3.Connection, position: Position) -> RecordedEvent:
    row = connection.execute(SELECT_ALL, (position - 1, position, 1)).fetchone()
    if row is None:
        raise StoreError(f"The log has no event {position}: `opencode-ledger audit verify` shows what happened.")
    return RecordedEvent(*row)


def _rebuild(connection: sqlite3.Connection) -> None:
    """Leave nothing in the file but what the tables hold, nor in the write-ahead log.

    Positions are rowids. A VACUUM may renumber rowids that no column names: from 1 on, in their order. In a log
    without gaps (see `_check_whole`) that gives the same numbers.
    """
    _empty_write_ahead_log(connection)
    connection.execute("VACUUM")
    _empty_write_ahead_log(connection)


def _empty_write_ahead_log(connection: sqlite3.Connection) -> None:
    busy, _pages, _moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StoreError(
            "Another program has the log open, so the old bytes can't be removed. End it, then run "
            "`opencode-ledger erase` again, which finishes the erasure."
        )


def _delete(file: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


@contextmanager
def _opened(path: Path) -> Generator[sqlite3.Connection]:
    check_before_opening(path)
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=LOCK_TIMEOUT)) as connection:
            ((version,),) = connection.execute("PRAGMA user_version")
            if refusal := strange(deviations(connection.execute(SELECT_SHAPE), version), path):
                raise refusal
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"The erasure from {path} is incomplete ({error}): run `opencode-ledger erase` again."
        ) from error


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Generator[None]:
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield
