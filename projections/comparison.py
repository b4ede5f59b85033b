"""Two files of views, compared row by row."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_DAMAGE: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""What SQLite says of a file with other tables than it should have, or of none of its own; else the fault lies elsewhere."""

_PATIENCE: Final = 0.05
"""Seconds between two attempts to interrupt a query: one that has not begun yet doesn't notice."""


class Comparison:
    """Two files of views as they are at this moment, whatever is written to them later. Making one blocks."""

    def __init__(self, serving: Path, made: Path) -> None:
        """Raises `sqlite3.Error` where the files can't be looked at, and this is no damage of the serving one."""
        self._damage: str | None = None
        self.connection = sqlite3.connect(
            f"{made.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            self.connection.execute("ATTACH ? AS serving", (f"{serving.absolute().as_uri()}?mode=ro",))
            self.connection.execute("BEGIN")
            for file in ("main", "serving"):
                self.connection.execute(f"SELECT * FROM {file}.tracking").fetchall()
        except sqlite3.Error as error:
            if not _is_damage(error):
                self.close()
                raise
            self._damage = str(error)

    async def difference(self) -> str | None:
        """The first thing that the serving views have otherwise, in words without content; None where there is none.

        Raises `sqlite3.Error` where that can't be found out. Cancelled, nothing uses the files any more when it ends.
        """
        looking = asyncio.ensure_future(asyncio.to_thread(self._difference))
        try:
            return await asyncio.shield(looking)
        except asyncio.CancelledError:
            # To close the connection under a query that is running would end the process.
            while not looking.done():
                self.connection.interrupt()
                await asyncio.wait((looking,), timeout=_PATIENCE)
            looking.exception()
            raise

    def close(self) -> None:
        """Let go of both files."""
        self.connection.close()

    def _difference(self) -> str | None:
        try:
            damage = self._damage or self._check_of("serving")
            return f"the file can't be read ({damage})" if damage else next(self._differences(), None)
        except sqlite3.Error as error:
            if not _is_damage(error):
                raise
            why = error if hasattr(error, "sqlite_errorcode") else "text that is none"
            return f"the file can't be read ({why})"

    def _check_of(self, file: str) -> str | None:
        """What is wrong with a file, also with its indexes, by which rows are found."""
        ((said,),) = self.connection.execute(f"PRAGMA {file}.integrity_check(1)")
        return None if said == "ok" else str(said)

    def _differences(self) -> Iterator[str]:
        for _kind, name, _sql in sorted(self._shape("serving") ^ self._shape("main")):
            yield f"{name:.80} is not the one that is made"
        for table in sorted(name for kind, name, _sql in self._shape("main") if kind == "table"):
            for one, other, said in (("serving", "main", "shows"), ("main", "serving", "lacks")):
                rows = f"SELECT * FROM {one}.{table} EXCEPT SELECT * FROM {other}.{table}"
                if row := self.connection.execute(f"SELECT * FROM ({rows}) LIMIT 1").fetchone():
                    yield f"{table} {said} a row of {row[0]!r:.80} otherwise than the log"
            if self._size("serving", table) != self._size("main", table):
                yield f"{table} shows a row more than once"

    def _size(self, file: str, table: str) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM {file}.{table}").fetchone()[0])

    def _shape(self, file: str) -> set[tuple[str, str, str]]:
        shape = f"SELECT type, name, sql FROM {file}.sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        return set(self.connection.execute(shape).fetchall())


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether the serving file is at fault, and not a full disk or a busy machine. Text that is none has no code."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _DAMAGE
