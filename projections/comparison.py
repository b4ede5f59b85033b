"""Two files of views, compared row by row."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_DAMAGE: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""SQLite's codes for a file with wrong tables, or for a file that is no database; other codes have other causes."""

_INDEX_FILES: Final = "search_"
"""The beginning of the names of the tables in which SQLite keeps the index of texts."""

_PATIENCE: Final = 0.05
"""Seconds between two attempts to interrupt a query: a query that has not begun yet ignores an interrupt."""


class Comparison:
    """Two files of views as they are now, whatever is written to them later. The constructor blocks."""

    def __init__(self, serving: Path, made: Path) -> None:
        """Raises `sqlite3.Error` where the files can't be read, unless the serving file is damaged."""
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
        """The first difference of the serving views, in words without content; None where there is none.

        Raises `sqlite3.Error` where the files can't be compared. After a cancellation nothing uses the files any more.
        """
        looking = asyncio.ensure_future(asyncio.to_thread(self._difference))
        try:
            return await asyncio.shield(looking)
        except asyncio.CancelledError:
            # Closing the connection under a running query would crash the process.
            while not looking.done():
                self.connection.interrupt()
                await asyncio.wait((looking,), timeout=_PATIENCE)
            looking.exception()
            raise

    def close(self) -> None:
        """Close both files."""
        self.connection.close()

    def _difference(self) -> str | None:
        try:
            damage = self._damage or self._check_of("serving")
            return f"the file can't be read ({damage})" if damage else next(self._differences(), None)
        except sqlite3.Error as error:
            if not _is_damage(error):
                raise
            why = error if hasattr(error, "sqlite_errorcode") else "it has invalid text"
            return f"the file can't be read ({why})"

    def _check_of(self, file: str) -> str | None:
        """What is wrong with a file or its indexes; None where it is sound."""
        ((said,),) = self.connection.execute(f"PRAGMA {file}.integrity_check(1)")
        return None if said == "ok" else str(said)

    def _differences(self) -> Iterator[str]:
        for _kind, name, _sql in sorted(self._shape("serving") ^ self._shape("main")):
            yield f"{name:.80} is not as the program creates it"
        if row := self._word_of_one_index():
            yield f"the index of texts has {row[0]!r:.40} other times than the log"
        for table in sorted(name for kind, name, _sql in self._shape("main") if kind == "table"):
            if table.startswith(_INDEX_FILES):
                continue  # how SQLite keeps the index depends on when it was written
            for one, other, said in (("serving", "main", "shows"), ("main", "serving", "lacks")):
                rows = f"SELECT * FROM {one}.{table} EXCEPT SELECT * FROM {other}.{table}"
                if row := self.connection.execute(f"SELECT * FROM ({rows}) LIMIT 1").fetchone():
                    yield f"{table} {said} a row of {row[0]!r:.80} that differs from the log"
            if self._size("serving", table) != self._size("main", table):
                yield f"{table} shows a row more than once"

    def _word_of_one_index(self) -> tuple[str] | None:
        """A word that is not as often in the texts of one file's index as in the other's, or None."""
        for file in ("main", "serving"):
            self.connection.execute(f"CREATE VIRTUAL TABLE temp.words_{file} USING fts5vocab ({file}, search, row)")
        one, other = ("SELECT * FROM temp.words_main", "SELECT * FROM temp.words_serving")
        differences = f"SELECT * FROM ({one} EXCEPT {other} UNION ALL SELECT * FROM ({other} EXCEPT {one})) LIMIT 1"
        found: tuple[str] | None = self.connection.execute(differences).fetchone()
        return found

    def _size(self, file: str, table: str) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM {file}.{table}").fetchone()[0])

    def _shape(self, file: str) -> set[tuple[str, str, str]]:
        shape = f"SELECT type, name, sql FROM {file}.sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        return set(self.connection.execute(shape).fetchall())


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether the serving file is damaged, as opposed to a full disk or a busy machine. Invalid text has no code."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _DAMAGE
