"""Compares the parts of a found file with those of ours: SQLite must run nothing that others wrote.

A view, a virtual table or a computed column in the place of a table of ours is a program, and so is an index over an
expression. Statistics influence how a file is read. Parts besides the tables that we read are never run by reading
these.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import cache
from typing import Final, TypeAlias

from .file_format import Part

Ours: TypeAlias = Mapping[tuple[str, str], str]
"""The statement of each part of ours, without needless blanks, by its kind and name."""

SELECT_PARTS: Final = "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master LIMIT 1000"

_KINDS: Final = {"table", "index", "trigger", "view"}
STATISTICS: Final = "sqlite_stat"


@cache
def ours_by(*scripts: str) -> Ours:
    """The parts that these scripts make."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        for script in scripts:
            fresh.executescript(script)
        return {(part.kind, part.name): _plain(part.sql) for part in map(Part._make, fresh.execute(SELECT_PARTS))}


def in_place_of_ours(found: Iterable[Part], ours: Ours) -> str | None:
    """What isn't safe to read in a found file, in words; None if all is safe. Other parts may be there."""
    tables, names = {name.lower() for kind, name in ours if kind == "table"}, set[str]()
    for part in found:
        name = part.name.lower()
        if part.kind not in _KINDS or name in names:
            return f"its schema is damaged at {part.name!r:.80}"
        names.add(name)
        if name.startswith(STATISTICS):
            return f"it has a table {part.name!r:.80} of statistics, which steer how it is read"
        if not _may_stand(part, tables, ours):
            return f"its {part.kind} {part.name!r:.80} is not the one that was made"
    return None


def _may_stand(part: Part, tables: set[str], ours: Ours) -> bool:
    if part.kind == "trigger" or not {part.name.lower(), part.table.lower()} & tables:
        return True
    if part.kind == "index" and part.sql is None:
        return part.name.startswith("sqlite_autoindex_")
    return ours.get((part.kind, part.name)) == _plain(part.sql)


def _plain(sql: str | None) -> str:
    return " ".join((sql or "").split())
