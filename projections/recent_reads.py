"""Remembers what was read from the views since they last changed: a repeated read needs no hop to the database's thread."""

from collections.abc import Callable
from typing import Any, Final

from .batch import Value
from .database import Fetch

MOST_READS: Final = 256
"""Different reads that are remembered."""

MOST_ROWS: Final = 500
"""Rows of a read that is remembered."""


class RecentReads:
    """A `Fetch` that remembers. `version`: a value that changes whenever the views may have changed."""

    def __init__(self, fetch: Fetch, version: Callable[[], object]) -> None:
        self._fetch, self._version = fetch, version
        self._at: object = None
        self._reads: dict[tuple[object, ...], tuple[Any, ...]] = {}

    async def __call__(self, sql: str, *values: Value) -> list[Any]:
        """All rows of one query. Raises `StoreError`."""
        if self._at != (at := self._version()):
            self._at = at
            self._reads.clear()
        # Python treats 1, 1.0 and True as equal; SQLite does not.
        read = (sql, *values, *map(type, values))
        if (known := self._reads.get(read)) is not None:
            return list(known)
        rows = await self._fetch(sql, *values)
        if at == self._version() == self._at and len(rows) <= MOST_ROWS and len(self._reads) < MOST_READS:
            self._reads[read] = tuple(rows)
        return rows
