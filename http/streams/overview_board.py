"""The overviews of all codebases, kept as JSON. After the views have changed, only codebases with new events are read again."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import orjson

from ...domain.ids import CodebaseId, Position
from ...domain.ports import Clock
from ...domain.timestamps import timestamp_of
from ...projections.runner import Projections
from ...projections.views.overviews import overviewed
from .overview_json import listed, shown, with_overview

PAGE: Final = 100
"""Entries that are sent to a reader at once."""

MANY: Final = 100
"""Rows that are read on the event loop at most; more are read in a thread."""

ID_PREFIX: Final = "cb_"
"""The beginning of every codebase's id."""

Limit: TypeAlias = frozenset[str] | None
"""The ids and names of the codebases that a reader may see; None for all. What begins like an id is no name."""


def within(limit: Limit, codebase: CodebaseId, name: str | None) -> bool:
    """Whether a reader with this limit may see the codebase, which has this name now, if any."""
    if limit is None or codebase in limit:
        return True
    return name is not None and name in limit and not name.startswith(ID_PREFIX)


@dataclass(frozen=True, slots=True)
class Entry:
    """A codebase as it was last read: its JSON, and that of its overview, or None if it is deleted.

    `registered`, `position`: the positions of its first and last event. `revision`: rises with each change on the board.
    """

    codebase: CodebaseId
    name: str
    listed: bytes
    overview: bytes | None
    registered: Position
    position: Position
    revision: int = 0

    def is_within(self, limit: Limit) -> bool:
        """Whether a reader with this limit may see the codebase. A deleted one has no name any more."""
        return within(limit, self.codebase, self.name if self.overview is not None else None)

    def streams_as(self, other: "Entry") -> bool:
        """Whether another is the same in the stream. The list shows more of a codebase."""
        return (self.name, self.overview) == (other.name, other.overview)


def has_names(limit: Limit) -> bool:
    """Whether a limit has names of codebases in it, and not only ids."""
    return limit is not None and not all(one.startswith(ID_PREFIX) for one in limit)


class OverviewBoard:
    """The newest overview of each codebase. `revision`: the number of changes so far."""

    def __init__(self, projections: Projections, clock: Clock) -> None:
        self._projections, self._clock = projections, clock
        self._entries: OrderedDict[CodebaseId, Entry] = OrderedDict()
        self._turn = asyncio.Lock()
        self._upto: Position | None = None
        self._source: tuple[int, str] | None = None
        self._all: bytes | None = None
        self.revision = 0

    def day(self) -> str:
        """The present day in UTC, which `cost_today` is about."""
        return timestamp_of(self._clock.now())[:10]

    async def listed(self, limit: Limit = None) -> bytes:
        """The codebases with their overviews as a JSON list, in the order of registration. Raises `StoreError`."""
        await self.refresh()
        if limit is not None:
            return _list(self.within(limit))
        if self._all is None:
            self._all = _list(self._entries.values())
        return self._all

    def within(self, limit: Limit) -> list[Entry]:
        """The entries that a reader with this limit may see."""
        return [entry for entry in self._entries.values() if entry.is_within(limit)]

    async def refresh(self) -> None:
        """Read what the views show since the last time. A new day, or views that were replaced, are read whole.

        Raises `StoreError`.
        """
        async with self._turn:
            replaced, applied = self._projections.version
            source = replaced, self.day()
            is_whole = source != self._source
            if not is_whole and self._upto == applied:
                return
            after = Position(0) if is_whole or self._upto is None else self._upto
            rows = await self._projections.views.overviews.rows_since(after, source[1])
            entries = await asyncio.to_thread(_entries, rows) if len(rows) > MANY else _entries(rows)
            self._take(entries, is_whole=is_whole)
            self._source, self._upto = source, applied

    def pages(self, *, after: int, upto: int, limit: Limit = None) -> Iterator[list[Entry]]:
        """The entries of codebases with events after the position `after`, as the board showed them at revision `upto`.

        They are in the order of their positions. An entry that changes in between is left out: `since` has it. From the
        beginning of the log (0), codebases that were deleted are left out too. A limit with names has all that are not
        deleted, whatever `after` is: the reader may have had another limit when it
        got there.
        """
        whole = has_names(limit)
        there = (entry for entry in self.within(limit) if entry.position > after or (whole and entry.overview))
        found = sorted((entry for entry in there if after or entry.overview), key=lambda entry: entry.position)
        for start in range(0, len(found), PAGE):
            page = [self._entries[entry.codebase] for entry in found[start : start + PAGE]]
            if unchanged := [entry for entry in page if entry.revision <= upto]:
                yield unchanged

    def since(self, revision: int) -> list[Entry]:
        """The entries that changed after a revision, in the order of their changes."""
        found = list[Entry]()
        for entry in reversed(self._entries.values()):
            if entry.revision <= revision:
                break
            found.append(entry)
        return found[::-1]

    def _take(self, entries: Many[Entry], *, is_whole: bool) -> None:
        """Keep the entries that show something else than before. `is_whole`: what isn't among them never existed."""
        for entry in entries:
            known = self._entries.get(entry.codebase)
            if known is None or not entry.streams_as(known):
                self._change(entry)
            elif entry.listed != known.listed:
                self._entries[entry.codebase] = replace(known, listed=entry.listed)
                self._all = None
        if is_whole and len(self._entries) > len(entries):
            there = {entry.codebase for entry in entries}
            for entry in [entry for entry in self._entries.values() if entry.codebase not in there]:
                self._change(replace(entry, overview=None))

    def _change(self, entry: Entry) -> None:
        self.revision += 1
        self._entries[entry.codebase] = replace(entry, revision=self.revision)
        self._entries.move_to_end(entry.codebase)
        self._all = None


def _entries(rows: Iterable[Any]) -> list[Entry]:
    return [_entry(row) for row in rows]


def _entry(row: Any) -> Entry:
    found = overviewed(*row)
    codebase, overview = found.codebase, found.overview
    return Entry(
        codebase.id,
        codebase.name,
        orjson.dumps(listed(codebase)),
        None if overview is None else orjson.dumps(shown(overview)),
        found.registered,
        found.position,
    )


def _list(entries: Iterable[Entry]) -> bytes:
    there = sorted(entries, key=lambda entry: entry.registered)
    return b"[%b]" % b",".join(
        with_overview(entry.listed, entry.overview) for entry in there if entry.overview is not None
    )
