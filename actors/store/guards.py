"""The parts of a log's file, and the deviations from them: missing guards, and foreign parts.

Anyone who may write the file can remove its guards, or add triggers that our own writing would then run. So the file is
checked before anything is written.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from ...domain.errors import StoreError
from .schema import (
    CREATE,
    LATER_PARTS,
    SCHEMA_VERSION,
    UNFINISHED,
    UNFINISHED_TABLE,
)

SELECT_SHAPE: Final = "SELECT type, name, sql FROM sqlite_master"


class Deviation(NamedTuple):
    """A difference. `makes_good`: the statement that restores a missing part; None if there is none.

    `expected`: the file's version never had it, so nobody removed it.
    """

    sentence: str
    makes_good: str | None
    expected: bool = False


def deviations(found: Iterable[Any], version: int) -> list[Deviation]:
    """The differences between a file and a log. `found`: its rows of `SELECT_SHAPE`. `version`: of its schema."""
    parts = {(kind, name): _plain(sql) for kind, name, sql in found if not _of_sqlite(kind, name, sql)}
    if parts.get(("table", UNFINISHED)) == UNFINISHED_TABLE:
        del parts["table", UNFINISHED]
    return [
        *(_foreign(*part, known=part in _parts()) for part, sql in parts.items() if _plain(_parts().get(part)) != sql),
        *(
            Deviation(
                f"its {_what(*part)} is gone",
                sql if part[0] != "table" else None,
                expected=LATER_PARTS.get(part[1], 1) > version,
            )
            for part, sql in _parts().items()
            if part not in parts
        ),
    ]


def is_known(version: object) -> bool:
    """Whether this program can read a log with this version of the schema, and upgrade it to its own."""
    return isinstance(version, int) and 1 <= version <= SCHEMA_VERSION


def strange(found: Iterable[Deviation], path: Path) -> StoreError | None:
    """The refusal to write to a file with foreign parts."""
    if not (sentences := [each.sentence for each in found if each.makes_good is None]):
        return None
    return StoreError(
        f"{path} was altered by other means than opencode-ledger, and was left alone: {'; '.join(sentences)}. "
        "Put a backup in its place, or undo that with `sqlite3`; `opencode-ledger audit verify` shows whether events "
        "were altered, too."
    )


def _foreign(kind: str, name: str, *, known: bool) -> Deviation:
    if not known:
        return Deviation(f"it has a {kind} {name!r}, which is none of a log's", None)
    return Deviation(f"its {_what(kind, name)} is not the one that a log has", None)


def _what(kind: str, name: str) -> str:
    return f"guard {name}" if kind == "trigger" else f"{kind} {name}"


def _plain(sql: str | None) -> str:
    return " ".join((sql or "").split())


def _of_sqlite(kind: str, name: str, sql: str | None) -> bool:
    """Whether SQLite made it for itself: the index of a primary key, or its statistics on indexes."""
    return (kind == "index" and sql is None) or (kind == "table" and name.startswith("sqlite_stat"))


@cache
def _parts() -> dict[tuple[str, str], str]:
    """The parts of a new log."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(CREATE)
        return {(kind, name): sql for kind, name, sql in fresh.execute(SELECT_SHAPE) if sql is not None}
