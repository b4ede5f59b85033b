"""What was read from the views since they last changed: read again it costs no way to the database's thread."""

from collections.abc import Callable
from typing import Any, Final

from .batch import Value
from .database import Fetch

MOST_READS: Final = 256
"""Different reads that are remembered."""

MOST_ROWS: Final = 500
"""Rows of a read that is remembered."""


class RecentReads:
    """A `Fetch` that remembers. `edition`: what is another whenever the views may show something else."""

    def __init__(self, fetch: Fetch, edition: Callable[[], object]) -> None:
        self._fetch, self._edition = fetch, edition
        self._at: object = None
        self._reads: dict[tuple[object, ...], tuple[Any, ...]] = {}

    async def __call__(self, sql: str, *values: Value) -> list[Any]:
        """All rows of one query. Raises `StoreError`."""
        if self._at != (at := self._edition()):
            self._at = at
            self._reads.clear()
        # Python takes 1, 1.0 and True for the same, which SQLite does not.
        read = (sql, *values, *map(type, values))
        if (known := self._reads.get(read)) is not None:
            return list(known)
        rows = await self._fetch(sql, *values)
        if at == self._edition() == self._at and len(rows) <= MOST_ROWS and len(self._reads) < MOST_READS:
            self._reads[read] = tuple(rows)
        return rows
