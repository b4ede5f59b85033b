"""The log's file: the `eventsourcing` library's own table, so that a stock recorder reads it, and what guards it.

The rowid is the position (the library's notification id). It is always given, never left to SQLite.
"""

SCHEMA_VERSION = 2
"""Kept in `PRAGMA user_version`; raise it with every change below, and bring older files up to it.

1: without `stored_events_only_follow`. A file of an older version is a log too, and is brought up by the next start.
"""

READABLE_SCHEMAS = " and ".join(map(str, range(1, SCHEMA_VERSION + 1)))
"""The versions that this program reads, for error messages."""

APPLICATION_ID = 0x6F636C67
"""Kept in `PRAGMA application_id`, where SQLite has programs sign their files: `oclg`."""

NEVER_CHANGE = """
CREATE TRIGGER stored_events_never_change BEFORE UPDATE ON stored_events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event never changes'); END
"""
"""Only an erasure, which leaves a tombstone, takes this away for the length of a transaction."""

ONLY_FOLLOW = """
CREATE TRIGGER stored_events_only_follow BEFORE INSERT ON stored_events
WHEN NEW.rowid IS NOT (SELECT coalesce(max(rowid), 0) + 1 FROM stored_events)
OR NEW.originator_version IS NOT (
    SELECT coalesce(max(originator_version), 0) + 1 FROM stored_events WHERE originator_id = NEW.originator_id
)
OR typeof(NEW.originator_id) <> 'text' OR typeof(NEW.originator_version) <> 'integer'
OR typeof(NEW.topic) <> 'text' OR typeof(NEW.state) <> 'blob'
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event follows the last one, and takes the place of none'); END
"""
"""SQLite runs no trigger for what an INSERT OR REPLACE takes away, so what it would put there is refused before."""

CREATE = f"""
BEGIN IMMEDIATE;

CREATE TABLE stored_events (
    originator_id TEXT,
    originator_version INTEGER,
    topic TEXT,
    state BLOB,
    PRIMARY KEY (originator_id, originator_version)
);

-- What an actor is rebuilt from. Output is most of a history and never changes an actor's state.
CREATE INDEX stored_events_lifecycle ON stored_events (originator_id, originator_version) WHERE topic <> 'output';

{NEVER_CHANGE};

CREATE TRIGGER stored_events_never_go BEFORE DELETE ON stored_events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event is never deleted'); END;

{ONLY_FOLLOW};

PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};

COMMIT;
"""

COLUMNS = "rowid, originator_id, originator_version, topic, state"
"""The columns of an event, in the order of the members of `RecordedEvent`."""

LATER_PARTS = {"stored_events_only_follow": 2}
"""Parts that not every version had, each with the first that has it."""

UNFINISHED = "unfinished_erasures"
"""A table of the positions of unfinished erasures. It exists only while there are any, and is copied with the file."""

_POSITIONS = f"{UNFINISHED} (position INTEGER PRIMARY KEY)"
UNFINISHED_TABLE = f"CREATE TABLE {_POSITIONS}"
MAKE_UNFINISHED = f"CREATE TABLE IF NOT EXISTS {_POSITIONS}"
