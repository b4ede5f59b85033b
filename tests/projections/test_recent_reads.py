"""Reads that are remembered until the views change."""

from typing import Any

from opencode_ledger.domain.ids import Position
from opencode_ledger.projections.recent_reads import MOST_READS, MOST_ROWS, RecentReads


class Reading:
    """Views that answer each query with how often they were asked, and can be made to change in the middle of it."""

    def __init__(self) -> None:
        self.applied, self.asked, self.rows, self.changes = Position(1), 0, 1, False
        self.reads = RecentReads(self._fetch, lambda: self.applied)

    async def _fetch(self, sql: str, *values: object) -> list[Any]:
        self.asked += 1
        if self.changes:
            self.change()
        return [self.asked] * self.rows

    def change(self) -> None:
        """The views show one event more."""
        self.applied = Position(self.applied + 1)


async def test_what_was_read_is_remembered_until_the_views_change() -> None:
    """The same read is answered from memory, another one isn't, and none is after the next event."""
    reading = Reading()
    assert [await reading.reads("a", 1), await reading.reads("a", 1)] == [[1], [1]]
    assert [await reading.reads("a", "1"), await reading.reads("a", True), await reading.reads("b", 1)] == [
        [2],
        [3],
        [4],
    ]
    (await reading.reads("a", 1)).clear()
    assert await reading.reads("a", 1) == [1], "a caller changed what is remembered"
    reading.change()
    assert await reading.reads("a", 1) == [5]


async def test_what_was_read_while_the_views_changed_is_not_remembered() -> None:
    """A read during which an event was applied may be from before it, so it is asked again."""
    reading = Reading()
    reading.changes = True
    assert await reading.reads("a") == [1]
    reading.changes = False
    assert [await reading.reads("a"), await reading.reads("a")] == [[2], [2]]


async def test_memory_stays_small() -> None:
    """Large results are not remembered, and only a limited number of others."""
    reading = Reading()
    reading.rows = MOST_ROWS + 1
    assert [(await reading.reads("a"))[0] for _ in range(2)] == [1, 2]
    reading.rows = 1
    for number in range(MOST_READS):
        await reading.reads("b", number)
    asked = reading.asked
    await reading.reads("b", 0)
    assert reading.asked == asked
    await reading.reads("c")
    await reading.reads("c")
    assert reading.asked == asked + 2
