"""A log's file as an auditor reads it: from the first event to the last, without a server, and without writing."""

import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from ...domain.errors import StoreError
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Position, Sequence
from .evidence.files import size_of
from .evidence.parts import Ours, ours_by
from .evidence.read_only import FoundDatabase, found_database
from .guards import SELECT_SHAPE, Deviation, deviations, is_known
from .schema import APPLICATION_ID, COLUMNS, CREATE, READABLE_SCHEMAS, SCHEMA_VERSION, UNFINISHED, UNFINISHED_TABLE

_ALL: Final = f"SELECT {COLUMNS} FROM stored_events ORDER BY rowid"
_BETWEEN: Final = f"SELECT {COLUMNS} FROM stored_events WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
_SINCE: Final = f"SELECT {COLUMNS} FROM stored_events WHERE rowid > ? ORDER BY rowid"
_OF_ONE: Final = f"SELECT {COLUMNS} FROM stored_events WHERE originator_id = ? ORDER BY originator_version"
_OF_TOPIC: Final = f"SELECT {COLUMNS} FROM stored_events WHERE topic = ? ORDER BY rowid"
_LAST_OF_EACH: Final = """
SELECT rowid, originator_id, max(originator_version), topic, state FROM stored_events
GROUP BY originator_id ORDER BY rowid
"""

PAGE: Final = 256

_ROW: Final[list[type]] = [int, str, int, str, bytes]
_STORED_AS: Final[list[set[type]]] = [{kind} for kind in _ROW]

_ODD: Final = """
SELECT rowid FROM stored_events NOT INDEXED WHERE typeof(originator_id) <> 'text' OR typeof(originator_version) <> 'integer'
OR typeof(topic) <> 'text' OR typeof(state) <> 'blob' OR rowid < 1 ORDER BY rowid LIMIT 1
"""


class LogDamaged(StoreError):
    """The log's file can't be read any further."""

    code = "log_damaged"


class LogFile:
    """An open file of a log. `size`: the number of its last event."""

    def __init__(self, connection: sqlite3.Connection, found: FoundDatabase) -> None:
        self._connection, self._path, self._bytes = connection, found.path, found.size
        self.size: int = self._read_size()

    def events(self, first: int | None = None, last: int | None = None) -> Iterator[RecordedEvent]:
        """All events, or those from one position to another, in their order. Raises `LogDamaged`."""
        return chain.from_iterable(self._pages(first, last))

    def _pages(self, first: int | None, upto: int | None) -> Iterator[Iterable[RecordedEvent]]:
        rows = self._rows(_ALL) if upto is None else self._rows(_BETWEEN, first, upto)
        while page := list(islice(rows, PAGE)):
            yield map(RecordedEvent._make if _is_plain(page) else _event, page)

    def since(self, position: Position) -> Iterator[RecordedEvent]:
        """The events after a position, in their order. Raises `LogDamaged`."""
        return map(_event, self._rows(_SINCE, position))

    def of(self, codebase: CodebaseId) -> Iterator[RecordedEvent]:
        """The events of one codebase, in their order. Raises `LogDamaged`."""
        return map(_event, self._rows(_OF_ONE, codebase))

    def of_topic(self, topic: str) -> Iterator[RecordedEvent]:
        """The events of one topic in all codebases, in their order. It reads the whole log. Raises `LogDamaged`."""
        return map(_event, self._rows(_OF_TOPIC, topic))

    def last_of_each(self) -> Iterator[RecordedEvent]:
        """The last event of each codebase, in the order in which they were registered. Raises `LogDamaged`."""
        return map(_event, self._rows(_LAST_OF_EACH))

    def _rows(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Rows of events. Raises `LogDamaged`, also if they hold more than the file can: then its pages form a loop."""
        last, left = 0, self._bytes
        try:
            for row in self._connection.execute(sql, values):
                last, left = row[0], left - _weight(row)
                if left < 0:
                    raise LogDamaged(f"{self._path} can't be read after event {last}: its pages are used twice.")
                yield row
        except sqlite3.Error as error:
            raise LogDamaged(f"{self._path} can't be read after event {last}: {error}.") from None

    def odd(self) -> int | None:
        """The first event in a place where none can be, or with values of other types. Raises `LogDamaged`."""
        with self._reading():
            row = self._connection.execute(_ODD).fetchone()
        return int(row[0]) if row else None

    def damage(self) -> str | None:
        """The damage of the file itself, such as an index that hides events. Takes some seconds for a long log.

        A file with foreign parts isn't checked so closely, because that would run them.
        """
        try:
            if any(found.makes_good is None for found in self.deviations()):
                return None
            said = [str(row[0]) for row in self._connection.execute("PRAGMA integrity_check(3)")]
        except sqlite3.Error as error:
            said = [str(error)]
        return None if said == ["ok"] else "; ".join(said)

    def is_unfinished(self) -> bool:
        """Whether an erasure of this log was cut off. Raises `LogDamaged`."""
        with self._reading():
            return any(row[:2] == ("table", UNFINISHED) for row in self._connection.execute(SELECT_SHAPE))

    def deviations(self) -> list[Deviation]:
        """The differences between the file and a log of its version. Raises `LogDamaged`."""
        with self._reading():
            ((version,),) = self._connection.execute("PRAGMA user_version")
            found = deviations(self._connection.execute(SELECT_SHAPE), version)
            return [deviation for deviation in found if not deviation.expected]

    @contextmanager
    def _reading(self) -> Generator[None]:
        """In this block an error of SQLite becomes one of the file. Raises `LogDamaged`."""
        try:
            yield
        except sqlite3.Error as error:
            raise LogDamaged(f"{self._path} can't be read: {error}.") from None

    def _read_size(self) -> int:
        with self._reading():
            ((application,),) = self._connection.execute("PRAGMA application_id")
            if application != APPLICATION_ID:
                raise StoreError(f"{self._path} is not a log of opencode-ledger.")
            ((version,),) = self._connection.execute("PRAGMA user_version")
            if not is_known(version):
                newer = isinstance(version, int) and version > SCHEMA_VERSION
                what = "Install a newer version." if newer else "Put a backup in its place."
                raise StoreError(
                    f"{self._path} has schema {version}; this version reads only {READABLE_SCHEMAS}. {what}"
                )
            ((size,),) = self._connection.execute("SELECT coalesce(max(rowid), 0) FROM stored_events")
        return int(size)


def check_there(path: Path) -> None:
    """Raise `StoreError` if there is no such file, and say what is there instead."""
    data = path.parent
    try:
        if path.is_symlink() or path.is_file():
            size_of(path)
            return
        why = f"has no {path.name}" if data.is_dir() else "is not a directory" if data.exists() else "does not exist"
    except OSError as error:
        raise StoreError(f"{data} can't be read: {error.strerror}.") from None
    raise StoreError(f"No log found: {data} {why}. Use --data to name the data directory.")


@contextmanager
def found_log(path: Path) -> Generator[FoundDatabase]:
    """A log's file, found and checked, for `opened`. Raises `StoreError`."""
    check_there(path)
    with found_database(path, ours()) as found:
        yield found


@contextmanager
def opened(log: Path | FoundDatabase) -> Generator[LogFile]:
    """A log's file, open for reading only, also while a server writes to it. Raises `StoreError`."""
    with (
        nullcontext(log) if isinstance(log, FoundDatabase) else found_log(log) as found,
        found.connected() as connection,
    ):
        yield LogFile(connection, found)


def ours() -> Ours:
    """The parts of a log's file."""
    return ours_by(CREATE, UNFINISHED_TABLE)


def _weight(row: tuple[Any, ...]) -> int:
    """Bytes that a row takes of its file, at least."""
    try:
        return 4 + len(row[3]) + len(row[4])
    except TypeError:
        return 4


def _is_plain(page: list[tuple[object, ...]]) -> bool:
    """Whether everything is stored as in a log that nobody has altered."""
    return [set(map(type, column)) for column in zip(*page, strict=True)] == _STORED_AS


def _event(row: tuple[object, ...]) -> RecordedEvent:
    """A row as it is. The audit must see it whatever others put in it, and as no valid event then."""
    position, stream, sequence, topic, state = row
    return RecordedEvent(
        position=Position(int(str(position))),
        stream=CodebaseId(_name(stream)),
        sequence=Sequence(sequence if [*map(type, row)] == _ROW and isinstance(sequence, int) else -1),
        topic=_name(topic),
        data=state if isinstance(state, bytes) else f"stored as another type than it was: {state!r}".encode(),
    )


def _name(name: object) -> str:
    return name if isinstance(name, str) else repr(name)
