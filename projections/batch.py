"""A batch: the changes of the views by some events, gathered before anything is written.

Statements are kept in the order of the events. Every event changes the time of the last activity and a session's last
sequence. These are kept once per batch and not once per event: a flood of output costs two updates.
"""

from collections.abc import Iterator
from typing import Final, TypeAlias

from ..domain.events.recorded import RecordedEvent

Value: TypeAlias = str | int | float | None
"""A value of a column."""

Statement: TypeAlias = tuple[str, tuple[Value, ...]]

_STORABLE: Final = frozenset({str, int, float, bool, type(None)})
_TOUCH_CODEBASE: Final = "UPDATE codebases SET last_activity = ? WHERE id = ?"
_TOUCH_SESSION: Final = "UPDATE sessions SET last = ? WHERE id = ? AND codebase_id = ?"


class Batch:
    """The changes that follow from some events, in order."""

    def __init__(self) -> None:
        self._statements: list[Statement] = []
        self._activity: dict[str, str] = {}
        self._last: dict[tuple[str, str], int] = {}
        self._once: set[Statement] = set()

    def write(self, sql: str, *values: Value) -> None:
        """Add a statement. Raises `TypeError` for a value that no column can hold: foreign JSON may have one."""
        if any(type(value) not in _STORABLE for value in values):
            raise TypeError("a value of this event can't be stored")
        if any(type(value) is int and not -(2**63) <= value < 2**63 for value in values):
            raise TypeError("a number of this event is too large to be stored")
        self._statements.append((sql, values))

    def write_once(self, sql: str, *values: Value) -> None:
        """Add a statement that is idempotent, unless this batch has it already."""
        if (sql, values) not in self._once:
            self.write(sql, *values)
            self._once.add((sql, values))

    def touch(self, at: RecordedEvent, timestamp: object, session_id: object) -> None:
        """Note this event as the last of its codebase, and of its session if it has one."""
        if isinstance(timestamp, str) and timestamp:
            self._activity[at.stream] = timestamp
        if isinstance(session_id, str):
            self._last[at.stream, session_id] = at.sequence

    def mark(self) -> int:
        """The current end of the batch, for `back_to`."""
        return len(self._statements)

    def back_to(self, mark: int) -> None:
        """Drop the statements added since `mark`."""
        self._once.difference_update(self._statements[mark:])
        del self._statements[mark:]

    def statements(self) -> Iterator[Statement]:
        """All statements, in order."""
        yield from self._statements
        for stream, timestamp in self._activity.items():
            yield _TOUCH_CODEBASE, (timestamp, stream)
        for (stream, session), sequence in self._last.items():
            yield _TOUCH_SESSION, (sequence, session, stream)
