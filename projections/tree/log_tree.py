"""The tree over the log, kept in step with it: auditors get checkpoints, tiles and proofs from it.

Promises:

- A tree is never rewritten, only added to.
- A checkpoint covers only events that are durable.
- A log that doesn't fit its tree is refused at the start, and never covered up by a new tree.
"""

import asyncio
import sqlite3
from collections.abc import Collection
from collections.abc import Sequence as Many
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from ...domain.errors import StoreError
from ...domain.events.recorded import RecordedEvent
from ...domain.fault_points import Reach, pass_by
from ...domain.ids import Position
from ...domain.ports import EventStore, Sleep
from ...domain.proofs.batch_inclusion import spans_beside
from ...domain.proofs.merkle import Span, consistency_spans, inclusion_spans, span_hash
from ...domain.proofs.signed_notes import BadNote, checkpoint_in, open_note
from ...domain.proofs.tiles import HASH, TileId, node_in, tiles_of
from ..following import Follower
from .check import HINT, LogChanged, check_end, check_rest, check_tail
from .file import TreeFile
from .signing import SigningKey, verify

log = structlog.get_logger()

BATCH: Final = 1000
"""Events that are added in one transaction at most."""

GATHER: Final = 0.25
"""Seconds in which commits gather before they are added, unless a caller waits for them."""

PATIENCE: Final = 10.0
"""Seconds that a caller waits at most for the tree to cover an event."""

LAST_BATCHES: Final = 100
"""Batches that are still added when the tree is closed; the next start adds the rest."""


class TreeBehind(StoreError):
    """The tree has not caught up with the log in time."""

    code = "tree_behind"


class Tree:
    """The tree of a log. Made by `open`."""

    def __init__(self, store: EventStore, file: TreeFile, key: SigningKey, sleep: Sleep) -> None:
        self._store, self._file, self._sleep = store, file, sleep
        self.key = key.verifier
        self._follower = Follower("tree", self._add_batch, lambda: self.size, sleep, gather=GATHER)
        self._unsubscribe = store.on_commit(self._committed)
        self._checking: asyncio.Task[None] | None = None
        self.trouble: str | None = None
        """What is wrong with the log, once the check of the whole log has found that."""

    @classmethod
    async def open(
        cls,
        path: Path,
        store: EventStore,
        key: SigningKey,
        *,
        renew: bool = False,
        sleep: Sleep = asyncio.sleep,
        reach: Reach = pass_by,
    ) -> "Tree":
        """Open the tree kept at `path`. `renew`: a tree that another key signed is accepted, and signed with this one.

        Raises `LogChanged`, and `StoreError` where the file can't be used.
        """
        try:
            file = await asyncio.to_thread(TreeFile.open, path, key, reach)
        except (sqlite3.Error, OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            what = "Keep it, restore a backup in its place, and start again"
            raise StoreError(f"The tree of the log, {path}, can't be used: {why}. {what}.") from None
        try:
            if renew:
                await asyncio.to_thread(file.sign_again)
            _check_signed(file.note, key)
            await check_end(file, store)
            await check_tail(file, store)
        except BaseException:
            await asyncio.to_thread(file.close)
            raise
        if behind := store.head - file.size:
            log.warning("the tree covers later events as they are now", covered=file.size, later=behind)
        self = cls(store, file, key, sleep)
        self._follower.start()
        self._checking = asyncio.create_task(self._check_rest(), name="tree: check")
        return self

    @property
    def size(self) -> int:
        """How many events the tree covers: those at the positions 1 to `size`."""
        return self._file.size

    async def checkpoint(self) -> str:
        """The signed checkpoint over at least everything that was committed before this call."""
        await self._covers(self._store.head)
        return self._file.note

    async def tile(self, tile: TileId, width: int) -> bytes | None:
        """The first `width` hashes of a tile, 32 bytes each; None where the tile has fewer."""
        hashes = (await self._tiles([tile])).get(tile, b"")[: width * HASH]
        return hashes if len(hashes) == width * HASH else None

    async def inclusion(self, position: Position, size: int) -> list[bytes]:
        """The proof that the tree of `size` events holds the one at `position`. Raises `ValueError` for none."""
        await self._covers(size)
        return await self._hashes(inclusion_spans(position - 1, size))

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the tree of `new` events only adds to that of `old`. Raises `ValueError` for none."""
        await self._covers(new)
        return await self._hashes(consistency_spans(old, new))

    async def beside(self, leaves: Many[int], note: str) -> list[bytes]:
        """The proof that the tree under a checkpoint of ours holds these leaves, from 0 (see `root_with`)."""
        spans = await asyncio.to_thread(spans_beside, leaves, checkpoint_in(note).size)
        return await self._hashes(spans)

    async def root(self, size: int) -> bytes:
        """The root over the first `size` events. Raises `ValueError` where the log has fewer."""
        await self._covers(size)
        return (await self._hashes([Span(0, size)]))[0]

    async def close(self) -> None:
        """Cover what was committed, as far as that works and doesn't take long, and close the file."""
        self._unsubscribe()
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)
        # No batch is cancelled: the thread would go on adding it, and nobody here would know.
        await self._follower.finish(LAST_BATCHES)
        if behind := self._store.head - self.size:
            log.warning("the tree is left behind; the next start covers the rest", events=behind)
        await asyncio.to_thread(self._file.close)

    # --- following the log --------------------------------------------------------------------------------------

    def _committed(self, _events: tuple[RecordedEvent, ...]) -> None:
        self._follower.notify()

    async def _check_rest(self) -> None:
        try:
            await check_rest(self._file, self._store, self._sleep)
        except StoreError as error:
            self.trouble = error.message
            log.error("the log is not what was recorded", why=error.message)

    async def _add_batch(self) -> bool:
        """Add the next events; whether there were any. None is ever skipped: it could then be changed unseen."""
        if self.size >= self._store.head:
            return False
        events = await self._store.read_all(Position(self.size), BATCH)
        await asyncio.to_thread(self._file.add, events)
        return True

    async def _covers(self, position: int) -> None:
        """Return when the tree covers that many events. Raises `ValueError` beyond the log, and `TreeBehind`."""
        if position > self._store.head:
            raise ValueError("a tree beyond the log")
        if not await self._follower.reaches(position, PATIENCE):
            raise TreeBehind(f"The tree is at {self.size} and did not reach {position} in time.")

    # --- reading ------------------------------------------------------------------------------------------------

    async def _hashes(self, spans: list[Span]) -> list[bytes]:
        tiles = await self._tiles(tiles_of(spans))
        node = partial(node_in, tiles)
        return await asyncio.to_thread(lambda: [span_hash(span, node) for span in spans])

    async def _tiles(self, wanted: Collection[TileId]) -> dict[TileId, bytes]:
        try:
            return await asyncio.to_thread(self._file.tiles, wanted)
        except sqlite3.Error as error:
            raise StoreError(f"The tree of the log can't be read: {error}.") from None


def _check_signed(note: str, key: SigningKey) -> None:
    try:
        open_note(note, key.verifier, verify)
    except BadNote as error:
        raise LogChanged(f"The tree of the log was not signed with its key: {error} {HINT}.") from None
