PRAGMA application_id = 1868786791;
PRAGMA user_version = 1;
PRAGMA journal_mode = wal;
CREATE TABLE stored_events (
    originator_id TEXT,
    originator_version INTEGER,
    topic TEXT,
    state BLOB,
    PRIMARY KEY (originator_id, originator_version)
);
CREATE INDEX stored_events_lifecycle ON stored_events (originator_id, originator_version) WHERE topic <> 'output';
CREATE TRIGGER stored_events_never_go BEFORE DELETE ON stored_events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event is never deleted'); END;
CREATE TRIGGER stored_events_never_change BEFORE UPDATE ON stored_events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event never changes'); END;
