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
from .page import Only, Page, select_page
from .rows import OPEN_ROW

TaskStatus: TypeAlias = Literal["pending", "running", "interrupted", "completed", "failed", "cancelled"]

PROJECTION: Final = Projection(
    """
    CREATE TABLE tasks (
        id TEXT,
        codebase_id TEXT,
        position INTEGER,
        rank INTEGER,
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
        files TEXT,
        retry_of TEXT,
        by TEXT,
        via TEXT,
        PRIMARY KEY (id, codebase_id)
    ) WITHOUT ROWID;
    CREATE INDEX tasks_by_position ON tasks (position);
    CREATE INDEX tasks_by_codebase ON tasks (codebase_id, position);
    CREATE INDEX tasks_by_status ON tasks (status, position);
    CREATE INDEX tasks_by_codebase_and_status ON tasks (codebase_id, status, position);
    CREATE INDEX tasks_in_queue ON tasks (codebase_id, priority, rank) WHERE status = 'pending' AND session_id IS NULL;
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
    CREATE VIEW queued_tasks AS SELECT * FROM live_tasks WHERE status = 'pending' AND session_id IS NULL;
    CREATE VIEW live_task_counts AS
        SELECT n.* FROM task_counts AS n JOIN live_codebases AS c ON c.id = n.codebase_id;
    """
)

_COLUMNS: Final = (
    "id, codebase_id, title, prompt, agent_type, priority, status, session_id, created_at, started_at,"
    " completed_at, metadata, model, result, error, code, reason, files, retry_of, by, via"
)
_NAMES: Final = tuple(_COLUMNS.split(", "))
_JSON: Final = ("metadata", "files")

# The rank orders the waiting tasks of one priority: the highest is the first. A task's rank is the negative position of
# the event that put it behind all others. So a move changes the ranks of those alone that are ahead of the new place.
_WAITS: Final = "status = 'pending' AND session_id IS NULL"
_BEFORE: Final = f"(SELECT rank FROM tasks WHERE id = ? AND codebase_id = ? AND priority = ? AND {_WAITS})"
_MAKE_ROOM: Final = f"""
    UPDATE tasks SET rank = rank + 1
    WHERE codebase_id = ? AND priority = ? AND {_WAITS} AND rank > {_BEFORE}
    """


@PROJECTION.on(e.TaskCreated)
def _created(event: e.TaskCreated, at: RecordedEvent, batch: Batch) -> None:
    if event.task_id is None:
        return
    batch.write(
        "INSERT OR IGNORE INTO tasks (id, codebase_id, position, rank, title, prompt, agent_type, priority, status,"
        " session_id, created_at, metadata, model, files, retry_of, by, via)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?)",
        event.task_id,
        at.stream,
        at.position,
        -at.position,
        event.title,
        event.prompt,
        event.agent_type,
        event.priority,
        event.session_id,
        event.timestamp,
        orjson.dumps(event.metadata).decode(),
        event.model,
        orjson.dumps(event.files).decode(),
        event.retry_of,
        event.by,
        event.via,
    )


@PROJECTION.on(e.TaskChanged)
def _changed(event: e.TaskChanged, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        f"UPDATE tasks SET title = coalesce(?, title), prompt = coalesce(?, prompt) {OPEN_ROW}",
        event.title,
        event.prompt,
        event.task_id,
        at.stream,
    )


@PROJECTION.on(e.TaskMoved)
def _moved(event: e.TaskMoved, at: RecordedEvent, batch: Batch) -> None:
    place = event.before, at.stream, event.priority
    if event.before is not None:
        batch.write(_MAKE_ROOM, at.stream, event.priority, *place)
    batch.write(
        f"UPDATE tasks SET priority = ?, rank = coalesce({_BEFORE} + 1, ?) {OPEN_ROW}",
        event.priority,
        *place,
        -at.position,
        event.task_id,
        at.stream,
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

    - `reason`: a stable code for why it is interrupted, or can't start yet.
    - `retry_of`: the task that it repeats.
    - `by`, `via`: who created it, where the log says so.
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
    files: tuple[str, ...]
    retry_of: TaskId | None
    by: str | None
    via: str | None


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

    async def place(self, task: Task) -> int | None:
        """The task's place in its codebase's queue: 1 is the next to start. None where it isn't queued."""
        ((place,),) = await self._fetch(
            "SELECT count(*) FROM queued_tasks AS other JOIN queued_tasks AS this ON this.codebase_id = other.codebase_id"
            " WHERE this.id = ? AND this.codebase_id = ?"
            " AND (other.priority, other.rank) >= (this.priority, this.rank)",
            task.id,
            task.codebase_id,
        )
        return place or None

    async def queue(self, codebase: CodebaseId, limit: int = 50, offset: int = 0) -> Page[Task]:
        """The waiting tasks of a codebase, the next to start first."""
        return await select_page(
            self._fetch,
            _task,
            columns=_COLUMNS,
            table="queued_tasks",
            order="priority, rank",
            where={"codebase_id": codebase},
            limit=limit,
            offset=offset,
        )

    async def page(
        self,
        codebase: CodebaseId | None = None,
        status: TaskStatus | None = None,
        limit: int = 50,
        offset: int = 0,
        *,
        only: Only = None,
    ) -> Page[Task]:
        """The tasks of one codebase or of all (None), of one status or of any (None), newest first.

        `only`: of these codebases.
        """
        return await select_page(
            self._fetch,
            _task,
            columns=_COLUMNS,
            table="live_tasks",
            total="(SELECT coalesce(sum(number), 0) FROM live_task_counts WHERE {condition})",
            order="position",
            where={"codebase_id": codebase, "status": status},
            only=only,
            limit=limit,
            offset=offset,
        )


def _task(*row: Any) -> Task:
    values = dict(zip(_NAMES, row, strict=True))
    values.update((name, orjson.loads(values[name])) for name in _JSON)
    values["files"] = tuple(values["files"])
    return Task(**values)
