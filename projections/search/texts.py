"""The texts that can be searched: prompts, answers, commands and paths, with their full-text index.

- A prompt is found at once, an answer when its step has ended, and a command or path when the call begins.
- A path is found once in a session. A queued task's prompt is found until the task has a session with the same prompt.
- All of it is as it was recorded: masked, and after an erasure gone.

A text is in the index `search` unless it is in `unindexed`: because it still grows, or until the end of its batch.
"""

from collections.abc import Mapping
from itertools import count
from typing import Final

from ...domain import events as e
from ...domain.erasure.tombstones import MARK
from ...domain.events import imported as o
from ...domain.events.recorded import RecordedEvent
from ..batch import Batch
from ..growing_texts import MOST, GrowingText
from ..projection import Projection
from .words import has_word, split

PROJECTION: Final = Projection(
    """
    CREATE TABLE texts (
        id INTEGER PRIMARY KEY,
        codebase_id TEXT,
        session_id TEXT,
        task_id TEXT,
        kind TEXT,
        key TEXT,
        sequence INTEGER,
        at TEXT,
        text TEXT,
        UNIQUE (codebase_id, session_id, kind, key)
    );
    CREATE TABLE unindexed (id INTEGER PRIMARY KEY, codebase_id TEXT, session_id TEXT, growing INTEGER);
    CREATE INDEX unindexed_growing ON unindexed (codebase_id, session_id) WHERE growing;
    CREATE VIRTUAL TABLE search USING fts5 (
        text, content = 'texts', content_rowid = 'id', columnsize = 0,
        tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
    );
    CREATE TRIGGER texts_added AFTER INSERT ON texts BEGIN
        INSERT INTO unindexed VALUES (new.id, new.codebase_id, new.session_id, new.kind = 'answer');
    END;
    CREATE TRIGGER texts_changed AFTER UPDATE OF text ON texts BEGIN
        INSERT INTO search (search, rowid, text) SELECT 'delete', old.id, old.text
            WHERE old.id NOT IN (SELECT id FROM unindexed);
        DELETE FROM unindexed WHERE id = new.id;
        INSERT INTO unindexed VALUES (new.id, new.codebase_id, new.session_id, new.kind = 'answer');
    END;
    CREATE TRIGGER texts_gone AFTER DELETE ON texts BEGIN
        INSERT INTO search (search, rowid, text) SELECT 'delete', old.id, old.text
            WHERE old.id NOT IN (SELECT id FROM unindexed);
        DELETE FROM unindexed WHERE id = old.id;
    END;
    """
)

_FIRST: Final = f"""
    INSERT INTO texts (id, codebase_id, session_id, task_id, kind, key, sequence, at, text)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, substr(?, 1, {MOST})) ON CONFLICT DO NOTHING
    """
_NEWEST: Final = _FIRST.replace("DO NOTHING", "(codebase_id, session_id, kind, key) DO UPDATE SET text = excluded.text")
_DROP: Final = "DELETE FROM texts WHERE codebase_id = ? AND session_id = ? AND kind = 'prompt' AND key = ?"
# Once in a batch, and at its end: SQLite writes what the index has in memory to the disk at each such statement.
INDEX: Final = (
    "INSERT INTO search (rowid, text) SELECT id, text FROM unindexed JOIN texts USING (id) WHERE NOT growing",
    "DELETE FROM unindexed WHERE NOT growing",
)

UNNAMED: Final = ""
"""The session of a text that has none."""

_LONGEST_KEY: Final = 1000
_TEXTS_OF_ONE_EVENT: Final = 1 << 20
"""A text's number is its event's position times this, and its number in the event."""

_PATHS: Final = ("filePath", "path")
"""Arguments of opencode's tools that name a file."""


class _Texts:
    """The texts of one event."""

    def __init__(self, event: e.Event, at: RecordedEvent, batch: Batch) -> None:
        self._event, self._at, self._batch = event, at, batch
        self._numbers = count(_number(at))

    def add(self, kind: str, key: str, text: object, *, how: str = _FIRST) -> None:
        """Add a text that has a word in it and was not erased."""
        if not isinstance(text, str) or text == MARK or not has_word(text):
            return
        self._batch.write_last(*INDEX)
        self._batch.write(
            how,
            *(next(self._numbers), self._at.stream, self._event.session_id or UNNAMED, self._event.task_id),
            *(kind, key, self._at.sequence, self._event.timestamp, split(text[:MOST])),
        )

    def add_call(self, call: str, args: Mapping[str, e.Json], *, how: str = _FIRST) -> None:
        """Add what a tool call runs, and the files that it names."""
        self.add("command", call, args.get("command"), how=how)
        for path in (args.get(name) for name in _PATHS):
            if isinstance(path, str):
                self.add("path", path[:_LONGEST_KEY], path)


def _number(at: RecordedEvent) -> int:
    return at.position * _TEXTS_OF_ONE_EVENT


def _end(event: e.Event, at: RecordedEvent, batch: Batch) -> None:
    session: object = event.session_id
    if isinstance(session, str):  # foreign JSON may have anything there
        batch.end_texts(at.stream, session)
        batch.write_last(*INDEX)


@PROJECTION.on(e.TaskCreated)
def _queued(event: e.TaskCreated, at: RecordedEvent, batch: Batch) -> None:
    if event.session_id is None and event.task_id is not None:
        _Texts(event, at, batch).add("prompt", event.task_id, event.prompt)


@PROJECTION.on(e.TaskChanged)
def _edited(event: e.TaskChanged, at: RecordedEvent, batch: Batch) -> None:
    if event.task_id is not None:
        _Texts(event, at, batch).add("prompt", event.task_id, event.prompt, how=_NEWEST)


@PROJECTION.on(e.TaskStarted)
def _begun(event: e.TaskStarted, at: RecordedEvent, batch: Batch) -> None:
    batch.write(_DROP, at.stream, UNNAMED, event.task_id)


@PROJECTION.on(e.MessageSent)
def _sent(event: e.MessageSent, at: RecordedEvent, batch: Batch) -> None:
    _Texts(event, at, batch).add("prompt", event.message_id, event.content)


@PROJECTION.on_members("output")
def _output(members: Mapping[str, e.Json], at: RecordedEvent, batch: Batch) -> None:
    if members.get("type") != "text":
        return
    session, part, piece = members.get("session_id"), members.get("part_id"), members.get("content")
    if not isinstance(piece, str):
        return
    text = batch.growing.texts.get((at.stream, session, part)) or _begin(session, part, members, at, batch)
    if text is None:
        return
    if "replaces" in members:
        text.replace()
    text.pieces.append(piece)


def _begin(
    session: e.Json, part: e.Json, members: Mapping[str, e.Json], at: RecordedEvent, batch: Batch
) -> GrowingText | None:
    """The text of a part whose first piece of a batch this is."""
    if not (isinstance(session, str) and isinstance(part, str) and members.get("content")):
        return None
    task, time = members.get("task_id"), str(members.get("timestamp"))
    text = GrowingText(_number(at), task if isinstance(task, str) else None, at.sequence, time)
    batch.growing.texts[at.stream, session, part] = text
    return text


@PROJECTION.on(e.ToolUse)
def _called(event: e.ToolUse, at: RecordedEvent, batch: Batch) -> None:
    _Texts(event, at, batch).add_call(event.call_id, event.args)


@PROJECTION.on(e.FileChange)
def _changed(event: e.FileChange, at: RecordedEvent, batch: Batch) -> None:
    _Texts(event, at, batch).add("path", event.path[:_LONGEST_KEY], event.path)


@PROJECTION.on(o.MessageImported)
def _imported(event: o.MessageImported, at: RecordedEvent, batch: Batch) -> None:
    texts = _Texts(event, at, batch)
    texts.add("prompt" if event.role == "user" else "answer", event.message_id, event.content, how=_NEWEST)
    for call in event.tools or ():
        args, name = call.get("args"), call.get("call_id")
        if isinstance(args, dict) and isinstance(name, str):
            texts.add_call(name, args, how=_NEWEST)
    _end(event, at, batch)


@PROJECTION.on(
    e.ToolUse, e.Usage, e.MessageSent, e.SessionCompleted, e.SessionFailed, e.SessionStopped, e.SessionInterrupted
)
def _ended(event: e.Event, at: RecordedEvent, batch: Batch) -> None:
    """What the agent said up to here is complete, and is indexed."""
    _end(event, at, batch)
