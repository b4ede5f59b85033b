"""Checks that a log is still the one that its tree was made from: the end before the start, the rest while it serves.

The leaves and the hashes over each tile are compared. `audit verify` also checks the signatures of older checkpoints.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from ...domain.errors import StoreError
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import Position
from ...domain.ports import EventStore
from ...domain.proofs.growing_tree import edge_of
from ...domain.proofs.leaves import leaves_of
from ...domain.proofs.signed_notes import checkpoint_in
from ...domain.proofs.tiles import HASH, WIDTH, TileId, perfect_root
from .file import TreeFile

PAUSE: Final = 0.05
"""Seconds between two tiles of a check while the service runs: a million events take minutes, and 1 % of a core."""

PAGE: Final = 1000
"""Events that are checked between two turns of the event loop."""

HINT: Final = "The server left all files as they are. `opencode-ledger audit verify` reports what happened to the log"


class LogChanged(StoreError):
    """The log is not the one that its tree was made from."""

    code = "log_changed"


async def check_end(file: TreeFile, store: EventStore) -> None:
    """Compare the end of the tree with its checkpoint and with the log. Raises `LogChanged`."""
    if file.size > store.head:
        raise LogChanged(f"The log ends at {store.head}, but its tree covers {file.size} events. {HINT}.")
    if checkpoint_in(file.note).root != file.root():
        raise LogChanged(f"The tree of the log is not the one that its checkpoint was signed for. {HINT}.")
    await _check_tile(file, store, edge_of(max(file.size - 1, 0))[0].number)


async def check_tail(file: TreeFile, store: EventStore) -> None:
    """Check how the events are stored that the tree doesn't cover yet. Raises `LogChanged`."""
    after = Position(file.size)
    while events := await store.read_all(after, PAGE):
        _check_stored_as(events)
        after = events[-1].position


async def check_rest(file: TreeFile, store: EventStore, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Compare all tiles before the end with the log, one after another. Raises `StoreError`."""
    for number in range(edge_of(max(file.size - 1, 0))[0].number):
        await sleep(PAUSE)
        await _check_tile(file, store, number)


async def _check_tile(file: TreeFile, store: EventStore, number: int) -> None:
    try:
        hashes, above = await asyncio.to_thread(_tile, file, number)
    except sqlite3.Error as error:
        raise StoreError(f"The tree of the log can't be read: {error}.") from None
    covered, place = min(WIDTH, file.size - number * WIDTH), 0
    if len(hashes) != covered * HASH:
        raise LogChanged(f"The tree of the log has lost what it covered after event {number * WIDTH}. {HINT}.")
    while place < covered:
        events = await store.read_all(Position(number * WIDTH + place), covered - place)
        _check_stored_as(events)
        for leaf in await asyncio.to_thread(leaves_of, events):
            if leaf != hashes[place * HASH : (place + 1) * HASH]:
                at = number * WIDTH + place + 1
                raise LogChanged(f"Event {at} of the log is not the one that its tree covers. {HINT}.")
            place += 1
    if covered == WIDTH and await asyncio.to_thread(perfect_root, hashes) != above:
        raise LogChanged(f"The tree of the log doesn't fit itself after event {number * WIDTH}. {HINT}.")


def _check_stored_as(events: Iterable[RecordedEvent]) -> None:
    """Raise for a value of a wrong type, which another program wrote and which has no leaf."""
    for event in events:
        if tuple(map(type, event)) != (int, str, int, str, bytes):
            raise LogChanged(f"Event {event.position} of the log is not stored as it was recorded. {HINT}.")


def _tile(file: TreeFile, number: int) -> tuple[bytes, bytes]:
    """The leaf hashes of a tile, and the hash over them as the tile above has it."""
    leaf, above = TileId(0, number), TileId(1, number // WIDTH)
    found = file.tiles([leaf, above])
    at = number % WIDTH * HASH
    return found.get(leaf, b""), found.get(above, b"")[at : at + HASH]
