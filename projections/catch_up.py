"""From the log to the views: opens the views' file, rebuilds it where it doesn't fit the log, and applies events to it."""

import asyncio
import sqlite3
from collections.abc import Sequence as Many
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog

from ..domain.events.recorded import RecordedEvent
from ..domain.fault_points import Reach
from ..domain.ids import Position
from ..domain.ports import EventStore
from .database import Database, OutOfStep, discard
from .fold import Fold
from .search.texts import INDEX
from .views.views import PROJECTIONS, SCHEMA, VERSION

log = structlog.get_logger()

BATCH: Final = 1000
"""Events that are applied in one transaction at most."""

INDEXED_AT_ONCE: Final = 32
"""Batches whose texts are indexed together, where nobody reads in between: in small parts that takes twice as long."""

AT_ONCE: Final = 64 * 1024
"""Bytes of events that are folded on the event loop; more are folded in a thread."""


async def open_database(path: Path, store: EventStore, reach: Reach) -> Database:
    """Open the views of this log, rebuilt from nothing (at position 0) where those found can't be used."""
    if not await asyncio.to_thread(path.exists):
        return await _fresh(path, reach)
    try:
        database = await Database.open(path, reach)
    except sqlite3.DatabaseError as error:
        log.warning("the views are rebuilt", why=f"the file can't be opened: {error}")
        return await _fresh(path, reach)
    try:
        reason = await _unfit(database, store)
    except BaseException:
        await database.close()
        raise
    if reason is None:
        return database
    await database.close()
    log.warning("the views are rebuilt", why=reason)
    return await _fresh(path, reach)


async def _fresh(path: Path, reach: Reach) -> Database:
    await discard(path)
    database = await Database.open(path, reach)
    try:
        await database.create(SCHEMA, VERSION)
    except BaseException:
        await database.close()
        raise
    return database


async def _unfit(database: Database, store: EventStore) -> str | None:
    """Why these views don't fit this log, or None where they do."""
    try:
        version, position, fingerprint = await database.tracked()
        sound = await database.sound()
    except (sqlite3.DatabaseError, ValueError) as error:
        return f"the file can't be read: {error}"
    if type(position) is not int:
        return "their position is not a number"
    if version != VERSION:
        return "another version of the program made them"
    if not sound:
        return "the file is damaged"
    if position > store.head:
        return f"they are at {position}, ahead of the log at {store.head}"
    applied = await store.read_all(Position(position - 1), 1) if position else []
    if any(fingerprint != fingerprint_of(event) for event in applied):
        return "they were made from another log"
    return None


def fingerprint_of(event: RecordedEvent) -> str:
    """A digest that differs from that of another log's event at the same position."""
    name = f"{event.position} {event.stream} {event.sequence} {event.topic} ".encode()
    return sha256(name + event.data).hexdigest()


class Applier:
    """Applies events to the views, each once and in order. `applied`: the position of the last.

    `turn`: a lock; while it is held, neither the file nor the position changes.
    """

    def __init__(self, database: Database, applied: Position) -> None:
        self.database = database
        self._fold = Fold(PROJECTIONS)
        self.applied = applied
        self.turn = asyncio.Lock()
        self._put_off = 0

    async def apply(self, events: Many[RecordedEvent], *, more: bool = False) -> None:
        """Apply events that follow `applied`, in one transaction.

        `more`: nobody reads before further events are applied, or `finish` is called. So texts may be indexed later.
        """
        last = events[-1]
        is_long = sum(len(event.data) for event in events) > AT_ONCE
        batch = await asyncio.to_thread(self._fold, events) if is_long else self._fold(events)
        put_off = self._put_off + 1 if more and self._put_off + 1 < INDEXED_AT_ONCE else 0
        if put_off:
            batch.put_off_last()
        elif self._put_off:
            batch.write_last(*INDEX)
        await self.database.apply(batch, self.applied, last.position, fingerprint_of(last))
        self.applied, self._put_off = last.position, put_off

    async def finish(self) -> None:
        """Index all texts that were put off, also those of an earlier process that ended before it did that."""
        await self.database.execute(INDEX)
        self._put_off = 0

    async def recall(self, head: Position) -> None:
        """After a failure, read the position from the file: only the file knows whether the transaction happened.

        Raises `OutOfStep` where a log that ends at `head` can't have that position: somebody changed the file.
        """
        _version, position, _fingerprint = await self.database.tracked()
        if type(position) is not int or not 0 <= position <= head:
            raise OutOfStep("the views' file names a position that the log doesn't have")
        self.applied = position
