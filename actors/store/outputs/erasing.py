"""Erases whole outputs while no server uses their file: those of erased events, and those that no event names."""

import sqlite3
from collections.abc import Callable, Collection, Generator
from contextlib import closing, contextmanager
from pathlib import Path

from ....domain.errors import StoreError
from ....domain.fault_points import Reach
from ....domain.ids import CodebaseId, OutputId
from ..connections import LOCK_TIMEOUT
from ..evidence.beside import check_before_opening
from .schema import DROP_CHUNKS, DROP_OUTPUT, DROP_STRAY, SELECT_UNSETTLED, is_fresh

Named = tuple[CodebaseId, OutputId]


def erase_outputs(
    path: Path, erased: Collection[Named], named_in: Callable[[CodebaseId], Collection[OutputId]], reach: Reach
) -> None:
    """Erase these outputs permanently, if there are any, and what a kill has left. Raises `StoreError`.

    `named_in`: returns the outputs that the events of a codebase name. May be cut off anywhere, and called again.
    """
    if not path.is_symlink() and not path.exists():
        return
    check_before_opening(path)
    with _opened(path) as connection:
        if is_fresh(connection, path):
            return
        unsettled: list[Named] = connection.execute(SELECT_UNSETTLED).fetchall()
        known = {codebase: named_in(codebase) for codebase in {codebase for codebase, _ in unsettled}}
        going = [*erased, *(output for output in unsettled if output[1] not in known[output[0]])]
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            for output in going:
                connection.execute(DROP_CHUNKS, output)
                connection.execute(DROP_OUTPUT, output)
                reach("erasure.between_outputs")
            connection.execute(DROP_STRAY)
        _empty_write_ahead_log(connection)
        connection.execute("VACUUM")
        _empty_write_ahead_log(connection)


def _empty_write_ahead_log(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        raise StoreError(
            "Another program has the whole outputs open, so the old bytes can't be removed. End it, then run "
            "`opencode-ledger erase` again, which finishes the erasure."
        )


@contextmanager
def _opened(path: Path) -> Generator[sqlite3.Connection]:
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=LOCK_TIMEOUT)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"The erasure from {path} is incomplete ({error}): run `opencode-ledger erase` again."
        ) from error
