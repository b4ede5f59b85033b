"""The sessions of each codebase: their beginning and end, their cost, and their place in the stream.

- `messages_count` counts distinct messages: those of the user, and those of the agent with text or a tool call.
  Messages between the agent and its subagents don't count.
- Of an imported message the latest state counts.
- `began` orders the sessions by their beginning.
"""

from collections.abc import Mapping
from typing import Final

import orjson

from ...domain import events as e
from ...domain.events import imported as o
from ...domain.events.recorded import RecordedEvent
from ..batch import Batch
from ..projection import Projection
from .rows import OPEN_ROW, THIS_ROW

PROJECTION: Final = Projection(
    """
    CREATE TABLE sessions (
        id TEXT,
        codebase_id TEXT,
        agent_session_id TEXT,
        task_id TEXT,
        status TEXT,
        started_at TEXT,
        ended_at TEXT,
        model TEXT,
        agent TEXT,
        prompt TEXT,
        cost REAL DEFAULT 0,
        first INTEGER,
        last INTEGER,
        began TEXT,
        imported INTEGER DEFAULT 0,
        parent_id TEXT,
        title TEXT,
        reason TEXT,
        by TEXT,
        via TEXT,
        PRIMARY KEY (id, codebase_id)
    ) WITHOUT ROWID;
    CREATE INDEX sessions_by_codebase ON sessions (codebase_id, began);
    CREATE TABLE session_messages (
        session_id TEXT,
        codebase_id TEXT,
        message_id TEXT,
        tokens TEXT,
        cost REAL DEFAULT 0,
        PRIMARY KEY (session_id, codebase_id, message_id)
    ) WITHOUT ROWID;
    CREATE TABLE session_tokens (
        session_id TEXT,
        codebase_id TEXT,
        kind TEXT,
        tokens INTEGER,
        PRIMARY KEY (session_id, codebase_id, kind)
    ) WITHOUT ROWID;
    CREATE VIEW live_sessions AS
        SELECT s.*,
            s.status NOT IN ('pending', 'running', 'interrupted') AS ended,
            (SELECT count(*) FROM session_messages AS m
                WHERE m.session_id = s.id AND m.codebase_id = s.codebase_id) AS messages_count,
            (SELECT json_group_object(kind, tokens) FROM (
                SELECT kind, sum(tokens) AS tokens FROM (
                    SELECT kind, tokens FROM session_tokens AS u
                        WHERE u.session_id = s.id AND u.codebase_id = s.codebase_id
                    UNION ALL SELECT j.key, j.value FROM session_messages AS m, json_each(m.tokens) AS j
                        WHERE m.session_id = s.id AND m.codebase_id = s.codebase_id)
                GROUP BY kind)) AS tokens,
            s.cost + (SELECT total(m.cost) FROM session_messages AS m
                WHERE m.session_id = s.id AND m.codebase_id = s.codebase_id) AS whole_cost
        FROM sessions AS s JOIN live_codebases AS c ON c.id = s.codebase_id;
    """
)

PENDING: Final = "pending"


@PROJECTION.on(e.SessionStarted)
def _started(event: e.SessionStarted, at: RecordedEvent, batch: Batch) -> None:
    if event.session_id is None:
        return
    batch.write(
        "INSERT OR IGNORE INTO sessions (id, codebase_id, task_id, status, started_at, model, agent, prompt,"
        " first, last, began, by, via) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        event.session_id,
        at.stream,
        event.task_id,
        event.status,
        None if event.status == PENDING else event.timestamp,
        event.model,
        event.agent,
        event.prompt,
        at.sequence,
        at.sequence,
        _began(event.timestamp, at),
        event.by,
        event.via,
    )


def _began(moment: str, at: RecordedEvent) -> str:
    return f"{moment} {at.sequence:019d}"


@PROJECTION.on(o.SessionImported)
def _imported(event: o.SessionImported, at: RecordedEvent, batch: Batch) -> None:
    if event.session_id is None:
        return
    described = (event.status, event.started_at, event.ended_at, event.model, event.agent, event.prompt)
    batch.write(
        "INSERT INTO sessions (id, codebase_id, agent_session_id, status, started_at, ended_at, model, agent, prompt,"
        " parent_id, title, first, last, began, imported) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)"
        " ON CONFLICT DO UPDATE SET (status, started_at, ended_at, model, agent, prompt, parent_id, title) ="
        " (excluded.status, excluded.started_at, excluded.ended_at, excluded.model, excluded.agent, excluded.prompt,"
        " excluded.parent_id, excluded.title) WHERE imported",
        *(event.session_id, at.stream, event.agent_session_id, *described, event.parent_id, event.title),
        *(at.sequence, at.sequence, _began(event.started_at, at)),
    )


@PROJECTION.on(o.MessageImported)
def _message_imported(event: o.MessageImported, at: RecordedEvent, batch: Batch) -> None:
    if event.session_id is None:
        return
    batch.write(
        "INSERT INTO session_messages (session_id, codebase_id, message_id, tokens, cost) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET (tokens, cost) = (excluded.tokens, excluded.cost)",
        event.session_id,
        at.stream,
        event.message_id,
        None if event.tokens is None else orjson.dumps(event.tokens).decode(),
        event.cost or 0.0,
    )


@PROJECTION.on(e.SessionLinked)
def _linked(event: e.SessionLinked, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        f"UPDATE sessions SET agent_session_id = ?, model = coalesce(?, model) {THIS_ROW}",
        event.agent_session_id,
        event.model,
        event.session_id,
        at.stream,
    )


@PROJECTION.on(e.SessionInterrupted)
def _interrupted(event: e.SessionInterrupted, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        f"UPDATE sessions SET status = 'interrupted', reason = ? {OPEN_ROW}", event.reason, event.session_id, at.stream
    )


@PROJECTION.on(e.SessionResumed)
def _resumed(event: e.SessionResumed, at: RecordedEvent, batch: Batch) -> None:
    _works(event, at, batch, event.status)


@PROJECTION.on(e.SessionAdmitted)
def _admitted(event: e.SessionAdmitted, at: RecordedEvent, batch: Batch) -> None:
    _works(event, at, batch, "running")


def _works(event: e.Event, at: RecordedEvent, batch: Batch, status: str) -> None:
    """The session runs, or (`pending`) waits. It started when its work first began."""
    began = None if status == PENDING else event.timestamp
    batch.write(
        f"UPDATE sessions SET status = ?, reason = NULL, started_at = coalesce(started_at, ?) {OPEN_ROW}",
        status,
        began,
        event.session_id,
        at.stream,
    )


@PROJECTION.on(e.SessionCompleted)
def _completed(event: e.SessionCompleted, at: RecordedEvent, batch: Batch) -> None:
    _end(event, at, batch, "completed", event.finish)


@PROJECTION.on(e.SessionFailed)
def _failed(event: e.SessionFailed, at: RecordedEvent, batch: Batch) -> None:
    _end(event, at, batch, "failed")


@PROJECTION.on(e.SessionStopped)
def _stopped(event: e.SessionStopped, at: RecordedEvent, batch: Batch) -> None:
    _end(event, at, batch, "stopped")


def _end(event: e.Event, at: RecordedEvent, batch: Batch, status: str, reason: str | None = None) -> None:
    batch.write(
        f"UPDATE sessions SET status = ?, ended_at = ?, reason = ? {OPEN_ROW}",
        status,
        event.timestamp,
        reason,
        event.session_id,
        at.stream,
    )


@PROJECTION.on(e.MessageSent)
def _message_sent(event: e.MessageSent, at: RecordedEvent, batch: Batch) -> None:
    _message(event.session_id, event.message_id, at, batch)


@PROJECTION.on(e.ToolUse)
def _tool_use(event: e.ToolUse, at: RecordedEvent, batch: Batch) -> None:
    if event.subagent is None:
        _message(event.session_id, event.message_id, at, batch)


@PROJECTION.on_members("output")
def _output(members: Mapping[str, e.Json], at: RecordedEvent, batch: Batch) -> None:
    if members.get("subagent") is None:
        _message(members.get("session_id"), members.get("message_id"), at, batch)


def _message(session: e.Json, message: e.Json, at: RecordedEvent, batch: Batch) -> None:
    if isinstance(session, str) and isinstance(message, str):
        batch.write_once(
            "INSERT OR IGNORE INTO session_messages (session_id, codebase_id, message_id) VALUES (?, ?, ?)",
            session,
            at.stream,
            message,
        )


@PROJECTION.on(e.Usage)
def _usage(event: e.Usage, at: RecordedEvent, batch: Batch) -> None:
    if event.session_id is None:
        return
    # One statement per event, not a sum per batch: a sum of floats would then depend on the size of batches.
    batch.write(f"UPDATE sessions SET cost = cost + ? {THIS_ROW}", event.cost, event.session_id, at.stream)
    for kind, tokens in event.tokens.items():
        batch.write(
            "INSERT INTO session_tokens (session_id, codebase_id, kind, tokens) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET tokens = tokens + excluded.tokens",
            event.session_id,
            at.stream,
            kind,
            tokens,
        )
