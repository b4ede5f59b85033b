"""A batch: the changes of the views by some events, gathered before anything is written.

Statements are kept in the order of the events. Every event changes the last activity of its codebase and a session's last
sequence, and output changes what the agent said last and makes a text grow. These are kept once per batch and not once
per event: a flood of output costs four updates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from ..domain.events.recorded import RecordedEvent
from .growing_texts import GrowingTexts
from .search.words import split

Value: TypeAlias = str | int | float | None
"""A value of a column."""

Statement: TypeAlias = tuple[str, tuple[Value, ...]]

_STORABLE: Final = frozenset({str, int, float, bool, type(None)})
_TOUCH_CODEBASE: Final = (
    "UPDATE codebases SET last_position = ?, last_activity = coalesce(?, last_activity) WHERE id = ?"
)
_TOUCH_SESSION: Final = "UPDATE sessions SET last = ? WHERE id = ? AND codebase_id = ?"

TAIL: Final = 400
"""Characters that are kept of the end of what an agent said."""

_SAID: Final = (
    "UPDATE overviews SET said = CASE WHEN ? AND part_id = ? THEN substr(said || ?, -?) ELSE ? END, part_id = ?"
    " WHERE codebase_id = ? AND session_id = ?"
)


@dataclass(slots=True)
class Speech:
    """The end of a part of an agent's text. `begins`: nothing that was said before belongs to it."""

    part: str
    text: str
    begins: bool

    def statement(self, stream: str, session: str) -> Statement:
        """Add it to what the codebase's last session said, if this is that session."""
        return _SAID, (not self.begins, self.part, self.text, TAIL, self.text, self.part, stream, session)


class Batch:
    """The changes that follow from some events, in order."""

    def __init__(self) -> None:
        self._statements: list[Statement] = []
        self._position: dict[str, int] = {}
        self._activity: dict[str, str] = {}
        self._speech: dict[tuple[str, str], Speech] = {}
        self._last: dict[tuple[str, str], int] = {}
        self._once: set[Statement] = set()
        self._last_of_all: dict[str, None] = {}
        self.growing = GrowingTexts()

    def write(self, sql: str, *values: Value) -> None:
        """Add a statement. Raises `TypeError` for a value that no column can hold: foreign JSON may have one."""
        kinds = set(map(type, values))
        if not kinds <= _STORABLE:
            raise TypeError("a value of this event can't be stored")
        if int in kinds and any(type(value) is int and not -(2**63) <= value < 2**63 for value in values):
            raise TypeError("a number of this event is too large to be stored")
        self._statements.append((sql, values))

    def write_once(self, sql: str, *values: Value) -> None:
        """Add a statement that is idempotent, unless this batch has it already."""
        if (sql, values) not in self._once:
            self.write(sql, *values)
            self._once.add((sql, values))

    def touch(self, at: RecordedEvent, timestamp: object, session_id: object) -> None:
        """Note this event as the last of its codebase, and of its session if it has one."""
        self._position[at.stream] = at.position
        if isinstance(timestamp, str) and timestamp:
            self._activity[at.stream] = timestamp
        if isinstance(session_id, str):
            self._last[at.stream, session_id] = at.sequence

    def say(self, at: RecordedEvent, session: str, part: str, text: str, *, replaces: bool) -> None:
        """Note a piece of text that the agent said in a session."""
        known = self._speech.get((at.stream, session))
        if known is None or known.part != part or replaces:
            self._speech[at.stream, session] = Speech(part, text[-TAIL:], begins=known is not None or replaces)
        else:
            known.text = (known.text + text)[-TAIL:]

    def write_last(self, *statements: str) -> None:
        """Add statements without values that come after all others, once."""
        self._last_of_all.update(dict.fromkeys(statements))

    def put_off_last(self) -> None:
        """Leave out what would come after all others: a later batch does it."""
        self._last_of_all.clear()

    def end_texts(self, codebase: str, session: str) -> None:
        """Add what was gathered of a session's texts, since none of it grows any more."""
        self._statements.extend(self.growing.take(codebase, session, split))

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
        for stream, position in self._position.items():
            yield _TOUCH_CODEBASE, (position, self._activity.get(stream), stream)
        for (stream, session), speech in self._speech.items():
            yield speech.statement(stream, session)
        yield from self.growing.rest(split)
        for (stream, session), sequence in self._last.items():
            yield _TOUCH_SESSION, (sequence, session, stream)
        yield from ((sql, ()) for sql in self._last_of_all)
