"""The statements that append events to the log's file, and those that read it while the service runs."""

from .schema import COLUMNS, SCHEMA_VERSION

PROBE = f"BEGIN IMMEDIATE; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
"""Changes nothing, and writes a page to the disk for it."""

INSERT = "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?, ?)"

SELECT_ALL = f"SELECT {COLUMNS} FROM stored_events WHERE rowid > ? AND rowid <= ? ORDER BY rowid LIMIT ?"

SELECT_STREAM = f"""
SELECT {COLUMNS} FROM stored_events
WHERE originator_id = ? AND originator_version > ? AND originator_version <= ?
ORDER BY originator_version LIMIT ?
"""

# INDEXED BY makes a missing index an error: without it this would be a silent scan over all output.
SELECT_LIFECYCLE = f"""
SELECT {COLUMNS} FROM stored_events INDEXED BY stored_events_lifecycle
WHERE originator_id = ? AND originator_version > ? AND originator_version <= ? AND topic <> 'output'
AND topic <> 'message_imported'
ORDER BY originator_version LIMIT ?
"""

SELECT_COUNT = "SELECT count(*) FROM stored_events INDEXED BY sqlite_autoindex_stored_events_1"

SELECT_HEAD = "SELECT coalesce(max(rowid), 0) FROM stored_events"

# From stream to stream over the primary key: a few steps per stream, however many events it has.
SELECT_HEADS = """
WITH RECURSIVE streams (id) AS (
    SELECT min(originator_id) FROM stored_events
    UNION ALL
    SELECT (SELECT min(originator_id) FROM stored_events WHERE originator_id > streams.id)
    FROM streams WHERE streams.id IS NOT NULL
)
SELECT id, (SELECT max(originator_version) FROM stored_events WHERE originator_id = streams.id)
FROM streams WHERE id IS NOT NULL
"""
