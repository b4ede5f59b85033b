"""Two files of views, compared row by row."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path


class Comparison:
    """Two files of views as they are at this moment, whatever is written to them later. All calls block."""

    def __init__(self, serving: Path, made: Path) -> None:
        self._connection = sqlite3.connect(
            f"{serving.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("ATTACH ? AS made", (f"{made.absolute().as_uri()}?mode=ro",))
        self._connection.execute("BEGIN")
        for file in ("main", "made"):
            self._connection.execute(f"SELECT * FROM {file}.tracking").fetchall()

    def difference(self) -> str | None:
        """The first thing that the serving views have otherwise, in words without content; None where there is none."""
        try:
            return next(self._differences(), None)
        except sqlite3.DatabaseError as error:
            return f"the file can't be read ({error})"

    def close(self) -> None:
        """Let go of both files."""
        self._connection.close()

    def _differences(self) -> Iterator[str]:
        for _kind, name, _sql in sorted(self._shape("main") ^ self._shape("made")):
            yield f"{name} is not the one that is made"
        for table in sorted(name for kind, name, _sql in self._shape("made") if kind == "table"):
            for one, other, said in (("main", "made", "shows"), ("made", "main", "lacks")):
                rows = f"SELECT * FROM {one}.{table} EXCEPT SELECT * FROM {other}.{table}"
                if row := self._connection.execute(f"SELECT * FROM ({rows}) LIMIT 1").fetchone():
                    yield f"{table} {said} a row of {row[0]} otherwise than the log"

    def _shape(self, file: str) -> set[tuple[str, str, str]]:
        shape = f"SELECT type, name, sql FROM {file}.sqlite_schema WHERE name NOT LIKE 'sqlite%'"
        return set(self._connection.execute(shape).fetchall())
