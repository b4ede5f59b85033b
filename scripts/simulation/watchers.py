"""Subscribers to the overviews of all codebases. What one knows is the last overview of each codebase that it was sent."""

from collections.abc import Callable, Mapping
from collections.abc import Sequence as Many
from typing import Any

import orjson

from opencode_ledger.domain.ids import CodebaseId

from .readers import Reader, Wish
from .record import Record


class Watcher(Reader):
    """A subscriber to the overviews. `known`: by codebase, what it was sent last; None for one that was deleted."""

    def __init__(self, number: int, record: Record, note: Callable[[str], None]) -> None:
        super().__init__(number, Wish(None), record, note)
        self.known = dict[CodebaseId, Any]()
        self._sent = dict[str, Any]()

    def __str__(self) -> str:
        return f"watcher {self.number} after {self._last}"

    @property
    def address(self) -> str:
        """See `Reader`."""
        return "/overview/events"

    @property
    def is_level(self) -> bool:
        """What it must know in the end is looked at when all has come to rest: see `missing`."""
        return True

    def missing(self, expected: Mapping[CodebaseId, Any]) -> str | None:
        """What it knows of a codebase where that isn't what is `expected`; None where all is."""
        known = {codebase: overview for codebase, overview in self.known.items() if overview is not None}
        differing = [codebase for codebase in {**known, **expected} if known.get(codebase) != expected.get(codebase)]
        return f"{self} knows of {differing[0]}: {known.get(differing[0])}" if differing else None

    def _clear(self) -> None:
        super()._clear()
        self._sent = {}

    def _got(self, number: int, topic: str, data: bytes) -> None:
        self._note(f"{self} gets {number}")
        assert topic == "overview", f"{self} got {topic}"
        assert number >= (self._last or 0), f"{self} got {number}"
        said = orjson.loads(data)
        codebase = said["codebase"]["id"]
        assert self._sent.get(codebase) != said, f"{self} got {data!r} twice"
        self._sent[codebase] = said
        # It changes without an event at midnight.
        self.known[codebase] = said["overview"] and {**said["overview"], "cost_today": None}
        self._last = number

    def _ended(self) -> None:
        self.hang_up()

    def _refused(self, status: int) -> None:
        self.hang_up()
        assert status == 503, f"{self} was refused with {status}"


def reader_of(wish: Wish, others: Many[Reader], record: Record, note: Callable[[str], None]) -> Reader:
    """A new subscriber. Of those who want to know of all codebases, every other one watches the overviews instead."""
    number = len(others)
    watches = wish.codebase is None and number % 2 == 0
    return Watcher(number, record, note) if watches else Reader(number, wish, record, note)
