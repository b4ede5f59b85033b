"""The guards of the log's file: whatever somebody tries to do to a recorded event by SQL, the file itself refuses it.

What no file can refuse (taking its guards away, switching triggers off, changing its bytes) is found by the next start and by an audit.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from eventsourcing.persistence import PersistenceError, StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from structlog.testing import capture_logs
from tests.golden.release import write_data

from opencode_ledger.actors.store.guards import SELECT_SHAPE, deviations
from opencode_ledger.actors.store.log_file import opened
from opencode_ledger.actors.store.schema import SCHEMA_VERSION
from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Sequence
from opencode_ledger.http.offline.verify import verify_data

COLUMNS = "stored_events (rowid, originator_id, originator_version, topic, state)"
TAKEN = "(3, 'cb_a', 3, 'status', x'7b7d')"
NEXT = "(7, 'cb_a', 4, 'status', x'7b7d')"

REFUSED = [
    *(
        f"INSERT {how} INTO {COLUMNS} VALUES {TAKEN}"
        for how in ("", "OR ABORT", "OR FAIL", "OR IGNORE", "OR REPLACE", "OR ROLLBACK")
    ),
    f"REPLACE INTO {COLUMNS} VALUES {TAKEN}",
    # Without its position: SQLite would choose the next free one.
    "INSERT INTO stored_events VALUES ('cb_a', 4, 'status', x'7b7d')",
    "REPLACE INTO stored_events VALUES ('cb_a', 3, 'status', x'7b7d')",
    "INSERT OR REPLACE INTO stored_events DEFAULT VALUES",
    f"INSERT INTO {COLUMNS} VALUES (NULL, 'cb_a', 4, 'status', x'7b7d')",
    # At a position that is taken, as another stream's event; and the other way round.
    f"REPLACE INTO {COLUMNS} VALUES (3, 'cb_new', 1, 'status', x'7b7d')",
    f"REPLACE INTO {COLUMNS} VALUES (3, 'cb_a', 4, 'status', x'7b7d')",
    f"REPLACE INTO {COLUMNS} VALUES (7, 'cb_a', 3, 'status', x'7b7d')",
    "REPLACE INTO stored_events (oid, originator_id) VALUES (3, 'cb_a')",
    "REPLACE INTO stored_events (_rowid_, originator_id, originator_version) VALUES (3, 'cb_a', 3)",
    # Anywhere but right behind the last.
    *(
        f"INSERT INTO {COLUMNS} VALUES ({position}, 'cb_a', 4, 'status', x'7b7d')"
        for position in (0, -1, 8, -(2**63), 2**63 - 1)
    ),
    *(
        f"INSERT INTO {COLUMNS} VALUES (7, 'cb_a', {number}, 'status', x'7b7d')"
        for number in ("0", "-1", "5", "NULL", "'four'", "4.5", "x'04'")
    ),
    f"INSERT INTO {COLUMNS} VALUES (7, 'cb_new', 2, 'status', x'7b7d')",
    # Not as any event is stored.
    f"INSERT INTO {COLUMNS} VALUES (7, NULL, 1, 'status', x'7b7d')",
    f"INSERT INTO {COLUMNS} VALUES (7, x'6362', 1, 'status', x'7b7d')",
    f"INSERT INTO {COLUMNS} VALUES (7, 'cb_a', 4, NULL, x'7b7d')",
    f"INSERT INTO {COLUMNS} VALUES (7, 'cb_a', 4, x'73', x'7b7d')",
    f"INSERT INTO {COLUMNS} VALUES (7, 'cb_a', 4, 'status', '{{}}')",
    f"INSERT INTO {COLUMNS} VALUES (7, 'cb_a', 4, 'status', NULL)",
    # The first one fits, the second does not: neither is there then.
    f"INSERT INTO {COLUMNS} VALUES {NEXT}, {TAKEN}",
    f"REPLACE INTO {COLUMNS} SELECT rowid, originator_id, originator_version, topic, x'7b7d' FROM stored_events",
    f"REPLACE INTO {COLUMNS} SELECT rowid + 6, originator_id, originator_version, topic, state FROM stored_events",
    *(
        f"INSERT INTO {COLUMNS} VALUES {TAKEN} ON CONFLICT {conflict}"
        for conflict in (
            "DO NOTHING",
            "DO UPDATE SET state = x'00'",
            "(originator_id, originator_version) DO UPDATE SET state = excluded.state",
            "(originator_id, originator_version) DO UPDATE SET rowid = 99 WHERE true",
        )
    ),
    f"INSERT INTO {COLUMNS} VALUES (3, 'cb_new', 1, 'status', x'7b7d') ON CONFLICT DO UPDATE SET state = x'00'",
    f"REPLACE INTO {COLUMNS} VALUES {TAKEN} RETURNING *",
    f"WITH new AS (VALUES {TAKEN}) REPLACE INTO {COLUMNS} SELECT * FROM new",
    *(
        f"UPDATE {how} stored_events SET {what}"
        for how in ("", "OR ABORT", "OR FAIL", "OR IGNORE", "OR REPLACE", "OR ROLLBACK")
        for what in ("state = x'00' WHERE rowid = 1", "rowid = 2 WHERE rowid = 1", "originator_version = 2")
    ),
    "UPDATE stored_events SET state = state",
    "UPDATE stored_events SET state = other.state FROM stored_events AS other WHERE other.rowid = 2",
    "UPDATE stored_events SET rowid = -rowid",
    "UPDATE stored_events SET originator_id = 'cb_b' WHERE originator_id = 'cb_a'",
    "UPDATE stored_events SET topic = 'output' WHERE rowid = 1 RETURNING rowid",
    "DELETE FROM stored_events",
    "DELETE FROM stored_events WHERE rowid = 6",
    "DELETE FROM stored_events WHERE rowid = 2 RETURNING *",
    "WITH some AS (SELECT 1) DELETE FROM stored_events WHERE rowid IN some",
]
assert len(set(REFUSED)) == len(REFUSED)

RECURSIVE = ["PRAGMA recursive_triggers = OFF", "PRAGMA recursive_triggers = ON"]
OTHER_SWITCHES = [
    "PRAGMA foreign_keys = ON",
    "PRAGMA ignore_check_constraints = ON",
    "PRAGMA count_changes = ON",
    "PRAGMA legacy_alter_table = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA read_uncommitted = ON",
]


@pytest.fixture
def log(path: Path) -> Path:
    """A log with two streams of three events each."""

    async def fill() -> None:
        async with SqliteEventStore.open(path) as store:
            for number in range(3):
                for stream in ("cb_b", "cb_a"):
                    event = NewEvent("status", b'{"n":%d}' % number)
                    await store.append(CodebaseId(stream), Sequence(number), [event])

    asyncio.run(fill())
    return path


def content(path: Path) -> list[RecordedEvent]:
    """All that the log holds."""
    with opened(path) as log:
        return list(log.events())


@pytest.fixture
def connection(log: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection to the log."""
    with closing(sqlite3.connect(log, isolation_level=None)) as connection:
        yield connection


def refused(connection: sqlite3.Connection, statement: str, why: str = "append-only") -> None:
    """A statement fails, and the file says why."""
    with pytest.raises(sqlite3.DatabaseError, match=why):
        connection.execute(statement).fetchall()
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def test_every_statement_that_would_change_an_event_is_refused(log: Path, connection: sqlite3.Connection) -> None:
    """Whatever the statement and its conflict clause, with recursive triggers and without, also in a transaction."""
    before = content(log)
    for switch in (*RECURSIVE, *OTHER_SWITCHES):
        connection.execute(switch)
        for statement in REFUSED:
            refused(connection, statement)
            connection.execute("BEGIN")
            refused(connection, statement)
    assert content(log) == before


@pytest.mark.parametrize("switch", RECURSIVE)
def test_a_writer_that_has_attached_the_log(log: Path, tmp_path: Path, switch: str) -> None:
    """The guards hold for a program whose own database is another one."""
    before = content(log)
    with closing(sqlite3.connect(tmp_path / "mine.db", isolation_level=None)) as mine:
        mine.execute(switch)
        mine.execute("ATTACH ? AS log", (str(log),))
        for statement in REFUSED:
            refused(mine, statement.replace("stored_events", "log.stored_events"))
    assert content(log) == before


BODIES = [
    "REPLACE INTO stored_events (rowid, originator_id, originator_version) VALUES (1, 'cb_b', 1)",
    "INSERT OR REPLACE INTO stored_events VALUES ('cb_a', 1, 'x', x'')",
    "UPDATE OR REPLACE stored_events SET rowid = 1 WHERE rowid = 2",
    "DELETE FROM stored_events",
]


@pytest.mark.parametrize("switch", RECURSIVE)
@pytest.mark.parametrize("table", ["main.stored_events", "bait"])
def test_a_trigger_of_somebody_s_own(log: Path, connection: sqlite3.Connection, switch: str, table: str) -> None:
    """What a temporary trigger does while a rightful event is added, or at any other time, is refused as well."""
    before = content(log)
    connection.execute(switch)
    connection.execute("CREATE TEMP TABLE bait (x)")
    bait = f"INSERT INTO {COLUMNS} VALUES {NEXT}" if table != "bait" else "INSERT INTO bait VALUES (1)"
    for moment in ("BEFORE", "AFTER"):
        for body in BODIES:
            connection.execute(f"CREATE TEMP TRIGGER mine {moment} INSERT ON {table} BEGIN {body}; END")
            refused(connection, bait, "append-only|too many levels of trigger recursion")
            connection.execute("DROP TRIGGER temp.mine")
    assert content(log) == before


def test_what_follows_is_taken(log: Path, connection: sqlite3.Connection) -> None:
    """The next event of a stream, and the first of a new one, are what the file takes; one after the other."""
    connection.execute(
        f"INSERT INTO {COLUMNS} VALUES {NEXT}, (8, 'cb_new', 1, 'output', x''), (9, 'cb_new', 2, '', x'')"
    )
    assert [(event.position, event.stream, event.sequence) for event in content(log)[6:]] == [
        (7, "cb_a", 4),
        (8, "cb_new", 1),
        (9, "cb_new", 2),
    ]


def test_a_stock_recorder_of_the_library_writes_nothing(log: Path) -> None:
    """The library leaves the position to SQLite; the file takes no event without one, so that each event knows its position."""
    before = content(log)
    datastore = SQLiteDatastore(str(log), originator_id_type="text")
    try:
        for event in (StoredEvent("cb_a", 4, "status", b"{}"), StoredEvent("cb_a", 3, "status", b"{}")):
            with pytest.raises(PersistenceError, match="append-only"):
                SQLiteApplicationRecorder(datastore).insert_events([event])
    finally:
        datastore.close()
    assert content(log) == before


UNREFUSED = [
    ["DROP TRIGGER stored_events_only_follow"],
    ["DROP TRIGGER stored_events_never_change"],
    ["DROP TRIGGER stored_events_never_go"],
    ["PRAGMA writable_schema = ON", "DELETE FROM sqlite_master WHERE type = 'trigger'"],
    [
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'rowid IS NOT', 'rowid IS') WHERE name = 'stored_events_only_follow'",
    ],
    ["CREATE TRIGGER mine BEFORE INSERT ON stored_events BEGIN SELECT RAISE(IGNORE); END"],
    ["ALTER TABLE stored_events ADD COLUMN mine"],
    ["ALTER TABLE stored_events RENAME TO mine"],
    ["CREATE UNIQUE INDEX mine ON stored_events (originator_id, state)"],
]


@pytest.mark.parametrize("statements", UNREFUSED, ids=range(len(UNREFUSED)))
def test_what_no_file_can_refuse_is_found(log: Path, connection: sqlite3.Connection, statements: list[str]) -> None:
    """Anyone who may write the file can take its guards away: an audit and the next start find what is not as it was made."""
    with opened(log) as file:
        assert file.deviations() == []
    for statement in statements:
        connection.execute(statement)
    with closing(sqlite3.connect(log)) as reader:
        assert deviations(reader.execute(SELECT_SHAPE), SCHEMA_VERSION) != []


def start(path: Path) -> None:
    """Open the log as a server does, and close it."""

    async def opening() -> None:
        async with SqliteEventStore.open(path):
            pass

    asyncio.run(opening())


def test_a_log_without_the_newest_guard_is_brought_up(tmp_path: Path) -> None:
    """A log of the first release is sound, and the next start guards it as a new one, without an alarm."""
    data = write_data("0.1.0a1", tmp_path / "data")
    path = data / "ledger.db"
    assert version_of(path) == 1
    assert is_sound(data)
    before = content(path)
    with capture_logs() as logged:
        start(path)
    assert logged == []
    assert version_of(path) == SCHEMA_VERSION
    assert content(path) == before
    assert is_sound(data)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        refused(connection, f"REPLACE INTO {COLUMNS} SELECT rowid, originator_id, 1, 'x', x'' FROM stored_events")


def test_an_old_log_that_was_altered_too(tmp_path: Path) -> None:
    """Of a log of the first release a guard that it did have is missed."""
    data = write_data("0.1.0a1", tmp_path / "data")
    with closing(sqlite3.connect(data / "ledger.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER stored_events_never_go")
    assert not is_sound(data)
    with capture_logs() as logged:
        start(data / "ledger.db")
    assert [entry["found"] for entry in logged] == ["its guard stored_events_never_go is gone"]
    assert is_sound(data)


def version_of(path: Path) -> object:
    """The version of the file's schema."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def is_sound(data: Path) -> bool:
    """Whether an audit finds all sound."""
    return verify_data(data, (), None, lambda _done, _of: None).sound
