PRAGMA application_id = 1868786791;
PRAGMA user_version = 2;
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
CREATE TRIGGER stored_events_only_follow BEFORE INSERT ON stored_events
WHEN NEW.rowid IS NOT (SELECT coalesce(max(rowid), 0) + 1 FROM stored_events)
OR NEW.originator_version IS NOT (
    SELECT coalesce(max(originator_version), 0) + 1 FROM stored_events WHERE originator_id = NEW.originator_id
)
OR typeof(NEW.originator_id) <> 'text' OR typeof(NEW.originator_version) <> 'integer'
OR typeof(NEW.topic) <> 'text' OR typeof(NEW.state) <> 'blob'
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event follows the last one, and takes the place of none'); END;
CREATE TRIGGER stored_events_never_change BEFORE UPDATE ON stored_events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: an event never changes'); END;
