"""The tasks, triggered or queued, and their outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import orjson

from ...domain import events as e
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, SessionId, TaskId, Timestamp
from ..batch import Batch
from ..database import Fetch
from ..projection import Projection
from .page import Page, select_page
from .rows import OPEN_ROW

TaskStatus: TypeAlias = Literal["pending", "running", "interrupted", "completed", "failed", "cancelled"]

PROJECTION: Final = Projection(
    """
    CREATE TABLE tasks (
        id TEXT,
        codebase_id TEXT,
        position INTEGER,
        title TEXT,
        prompt TEXT,
        agent_type TEXT,
        priority INTEGER,
        status TEXT,
        session_id TEXT,
        created_at TEXT,
        started_at TEXT,
        completed_at TEXT,
        metadata TEXT,
        model TEXT,
        result TEXT,
        error TEXT,
        code TEXT,
        reason TEXT,
        PRIMARY KEY (id, codebase_id)
    ) WITHOUT ROWID;
    CREATE INDEX tasks_by_position ON tasks (position);
    CREATE INDEX tasks_by_codebase ON tasks (codebase_id, position);
    CREATE INDEX tasks_by_status ON tasks (status, position);
    CREATE INDEX tasks_by_codebase_and_status ON tasks (codebase_id, status, position);
    CREATE TABLE task_counts (codebase_id TEXT, status TEXT, number INTEGER, PRIMARY KEY (codebase_id, status)) WITHOUT ROWID;
    CREATE TRIGGER tasks_counted AFTER INSERT ON tasks BEGIN
        INSERT OR IGNORE INTO task_counts VALUES (new.codebase_id, new.status, 0);
        UPDATE task_counts SET number = number + 1 WHERE codebase_id = new.codebase_id AND status = new.status;
    END;
    CREATE TRIGGER tasks_recounted AFTER UPDATE OF status ON tasks BEGIN
        UPDATE task_counts SET number = number - 1 WHERE codebase_id = old.codebase_id AND status = old.status;
        INSERT OR IGNORE INTO task_counts VALUES (new.codebase_id, new.status, 0);
        UPDATE task_counts SET number = number + 1 WHERE codebase_id = new.codebase_id AND status = new.status;
    END;
    CREATE VIEW live_tasks AS
        SELECT t.* FROM tasks AS t JOIN live_codebases AS c ON c.id = t.codebase_id;
    CREATE VIEW live_task_counts AS
        SELECT n.* FROM task_counts AS n JOIN live_codebases AS c ON c.id = n.codebase_id;
    """
)

_COLUMNS: Final = (
    "id, codebase_id, title, prompt, agent_type, priority, status, session_id, created_at, started_at,"
    " completed_at, metadata, model, result, error, code, reason"
)
_NAMES: Final = tuple(_COLUMNS.split(", "))


@PROJECTION.on(e.TaskCreated)
def _created(event: e.TaskCreated, at: RecordedEvent, batch: Batch) -> None:
    if event.task_id is None:
        return
    batch.write(
        "INSERT OR IGNORE INTO tasks (id, codebase_id, position, title, prompt, agent_type, priority, status,"
        " session_id, created_at, metadata, model) VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)",
        event.task_id,
        at.stream,
        at.position,
        event.title,
        event.prompt,
        event.agent_type,
        event.priority,
        event.session_id,
        event.timestamp,
        orjson.dumps(event.metadata).decode(),
        event.model,
    )


@PROJECTION.on(e.TaskStarted)
def _started(event: e.TaskStarted, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        "UPDATE tasks SET status = 'running', reason = NULL, error = NULL, code = NULL,"
        f" session_id = coalesce(?, session_id), started_at = coalesce(started_at, ?) {OPEN_ROW}",
        event.session_id,
        event.timestamp,
        event.task_id,
        at.stream,
    )


@PROJECTION.on(e.TaskInterrupted)
def _interrupted(event: e.TaskInterrupted, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        f"UPDATE tasks SET status = 'interrupted', reason = ?, error = ?, code = ? {OPEN_ROW}",
        event.reason,
        event.error,
        event.code,
        event.task_id,
        at.stream,
    )


@PROJECTION.on(e.TaskResumed)
def _resumed(event: e.TaskResumed, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        f"UPDATE tasks SET status = ?, reason = NULL, error = NULL, code = NULL {OPEN_ROW}",
        event.status,
        event.task_id,
        at.stream,
    )


@PROJECTION.on(e.TaskHeld)
def _held(event: e.TaskHeld, at: RecordedEvent, batch: Batch) -> None:
    batch.write(f"UPDATE tasks SET reason = ? {OPEN_ROW}", event.code, event.task_id, at.stream)


@PROJECTION.on(e.TaskCompleted)
def _completed(event: e.TaskCompleted, at: RecordedEvent, batch: Batch) -> None:
    _end(event, at, batch, "completed", result=event.result)


@PROJECTION.on(e.TaskFailed)
def _failed(event: e.TaskFailed, at: RecordedEvent, batch: Batch) -> None:
    _end(event, at, batch, "failed", error=event.error, code=event.code)


@PROJECTION.on(e.TaskCancelled)
def _cancelled(event: e.TaskCancelled, at: RecordedEvent, batch: Batch) -> None:
    _end(event, at, batch, "cancelled")


def _end(
    event: e.Event,
    at: RecordedEvent,
    batch: Batch,
    status: TaskStatus,
    *,
    result: str | None = None,
    error: str | None = None,
    code: str | None = None,
) -> None:
    """End a task that is open; an ended task stays as it is."""
    batch.write(
        f"UPDATE tasks SET status = ?, completed_at = ?, result = ?, error = ?, code = ?, reason = NULL {OPEN_ROW}",
        status,
        event.timestamp,
        result,
        error,
        code,
        event.task_id,
        at.stream,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A task. `completed_at`: when it ended, with any outcome. `error`, `code`: why it failed or was interrupted.

    `reason`: a stable code for why it is interrupted, or can't start yet.
    """

    id: TaskId
    codebase_id: CodebaseId
    title: str
    prompt: str
    agent_type: str
    priority: int
    status: TaskStatus
    session_id: SessionId | None
    created_at: Timestamp
    started_at: Timestamp | None
    completed_at: Timestamp | None
    metadata: Mapping[str, e.Json]
    model: str | None
    result: str | None
    error: str | None
    code: str | None
    reason: str | None


class Tasks:
    """Queries over the tasks of codebases that are not deleted."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def get(self, task: TaskId) -> Task | None:
        """One task, or None."""
        rows = await self._fetch(f"SELECT {_COLUMNS} FROM live_tasks WHERE id = ?", task)
        return _task(*rows[0]) if rows else None

    async def queued(self) -> list[CodebaseId]:
        """The codebases with waiting tasks, the longest waiting first."""
        rows = await self._fetch(
            "SELECT codebase_id FROM live_tasks WHERE status = 'pending' GROUP BY codebase_id ORDER BY min(position)"
        )
        return [codebase for (codebase,) in rows]

    async def page(
        self,
        codebase: CodebaseId | None = None,
        status: TaskStatus | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Page[Task]:
        """The tasks of one codebase or of all (None), of one status or of any (None), newest first."""
        return await select_page(
            self._fetch,
            _task,
            columns=_COLUMNS,
            table="live_tasks",
            total="(SELECT coalesce(sum(number), 0) FROM live_task_counts WHERE {condition})",
            order="position",
            where={"codebase_id": codebase, "status": status},
            limit=limit,
            offset=offset,
        )


def _task(*row: Any) -> Task:
    values = dict(zip(_NAMES, row, strict=True))
    values["metadata"] = orjson.loads(values["metadata"])
    return Task(**values)
