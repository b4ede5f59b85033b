"""Views that are rebuilt from the log beside those that serve, to be compared with them.

Promises:

- Readers are served from the old file until the new one shows as much.
- All that both files hold at one position is compared.
- Nothing here holds up the views for longer than a batch.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..domain.fault_points import pass_by
from ..domain.ids import Position
from ..domain.ports import EventStore, Sleep
from .catch_up import Applier
from .comparison import Comparison
from .database import Database, discard
from .views.views import SCHEMA, VERSION

SLICE: Final = 100
"""Events that are applied before the loop is free for others."""

PAUSE: Final = 0.05
"""Seconds between two slices: a million events take some ten minutes, and a small part of a core."""


class Rebuild:
    """A file of views that is being rebuilt. Made by `begin`."""

    def __init__(self, path: Path, database: Database, store: EventStore) -> None:
        self._path, self._database, self._store = path, database, store
        self._applier = Applier(database, Position(0))

    @classmethod
    async def begin(cls, path: Path, store: EventStore) -> "Rebuild":
        """An empty file of views at `path`. Raises `sqlite3.Error` or `OSError`."""
        await discard(path)
        database = await Database.open(path, pass_by)
        await database.create(SCHEMA, VERSION)
        return cls(path, database, store)

    @property
    def applied(self) -> Position:
        """The position of the last event that these views show."""
        return self._applier.applied

    async def follow(self, upto: Callable[[], Position], sleep: Sleep) -> None:
        """Apply the log slice by slice, until these views are at most one slice behind."""
        while upto() - self.applied > SLICE:
            await self._apply(SLICE)
            await sleep(PAUSE)

    async def reach_position(self, position: Position) -> None:
        """Apply all events up to one, at once."""
        while self.applied < position:
            await self._apply(position - self.applied)
        await self._applier.finish()

    def compared(self, serving: Path) -> Comparison:
        """A comparison with the views that serve, of both as they are now. Blocks. Raises `sqlite3.Error`."""
        return Comparison(serving, self._path)

    async def replace(self, serving: Database) -> None:
        """Put these views in the place of those that serve. Raises `sqlite3.Error` or `OSError`."""
        await self._database.close()
        await serving.become(self._path)

    async def discard(self) -> None:
        """Close and remove the file, unless it serves now."""
        await self._database.close()
        await discard(self._path)

    async def _apply(self, most: int) -> None:
        await self._applier.apply(await self._store.read_all(self.applied, most), more=True)
