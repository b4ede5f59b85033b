"""The agent of each codebase: its phase, exactly as the codebase's state has it, and its session."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from ...domain import events as e
from ...domain.codebase.lifecycle_rules import Phase, PublicStatus, public_status
from ...domain.codebase.state import RELEASING
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, SessionId, TaskId, Timestamp
from ..batch import Batch
from ..database import Fetch
from ..projection import Projection

PROJECTION: Final = Projection(
    """
    CREATE TABLE agents (
        codebase_id TEXT PRIMARY KEY,
        position INTEGER,
        phase TEXT,
        since TEXT,
        session_id TEXT,
        failures INTEGER DEFAULT 0,
        held_task TEXT,
        held_code TEXT,
        held_message TEXT,
        held_at TEXT
    ) WITHOUT ROWID;
    """
)

# What the session's row has (task, start, model) is joined in queries, not copied.
_SELECT: Final = """
    SELECT a.codebase_id, a.phase, a.session_id, s.task_id, s.status, t.title, s.started_at, s.model, a.failures,
        a.held_code, a.held_message,
        coalesce((SELECT n.number FROM task_counts AS n WHERE n.codebase_id = a.codebase_id AND n.status = 'pending'), 0)
    FROM agents AS a
    JOIN live_codebases AS c ON c.id = a.codebase_id
    LEFT JOIN sessions AS s ON s.id = a.session_id AND s.codebase_id = a.codebase_id
    LEFT JOIN tasks AS t ON t.id = s.task_id AND t.codebase_id = a.codebase_id
    """
_NAMES: Final = (
    *("session_id", "task_id", "session_status", "current_task", "started_at", "model", "failures"),
    *("held_code", "held_message", "pending"),
)
_SETTLED: Final = (Phase.IDLE, Phase.INTERRUPTED, Phase.DELETED)

_ENDED: Final = """
    UPDATE agents SET phase = CASE phase WHEN 'deleting' THEN phase ELSE 'idle' END, since = ?, session_id = NULL
    WHERE codebase_id = ? AND session_id = ?
    """


@PROJECTION.on(e.CodebaseRegistered)
def _registered(event: e.CodebaseRegistered, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        "INSERT OR IGNORE INTO agents (codebase_id, position, phase, since) VALUES (?, ?, ?, ?)",
        at.stream,
        at.position,
        Phase.IDLE.value,
        event.timestamp,
    )


@PROJECTION.on(e.CodebaseDeleting)
def _deleting(_event: e.CodebaseDeleting, at: RecordedEvent, batch: Batch) -> None:
    batch.write("UPDATE agents SET phase = ? WHERE codebase_id = ?", Phase.DELETING.value, at.stream)


@PROJECTION.on(e.CodebaseDeleted)
def _deleted(_event: e.CodebaseDeleted, at: RecordedEvent, batch: Batch) -> None:
    batch.write("UPDATE agents SET phase = ?, session_id = NULL WHERE codebase_id = ?", Phase.DELETED.value, at.stream)


@PROJECTION.on(e.TaskHeld)
def _held(event: e.TaskHeld, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        "UPDATE agents SET held_task = ?, held_code = ?, held_message = ?, held_at = ? WHERE codebase_id = ?",
        event.task_id,
        event.code,
        event.message,
        event.timestamp,
        at.stream,
    )


@PROJECTION.on(*RELEASING)
def _released(event: e.Event, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        "UPDATE agents SET held_task = NULL, held_code = NULL, held_message = NULL, held_at = NULL"
        " WHERE codebase_id = ? AND held_task = ?",
        at.stream,
        event.task_id,
    )


@PROJECTION.on(e.SessionCompleted, e.SessionFailed)
def _counted(event: e.Event, at: RecordedEvent, batch: Batch) -> None:
    failures = "failures + 1" if isinstance(event, e.SessionFailed) else "0"
    batch.write(
        f"UPDATE agents SET failures = {failures} WHERE codebase_id = ? AND session_id = ?",
        at.stream,
        event.session_id,
    )


@PROJECTION.on(e.SessionStarted)
def _started(event: e.SessionStarted, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        "UPDATE agents SET phase = ?, since = ?, session_id = ? WHERE codebase_id = ?",
        _working(event.waiting).value,
        event.timestamp,
        event.session_id,
        at.stream,
    )


@PROJECTION.on(e.SessionResumed)
def _resumed(event: e.SessionResumed, at: RecordedEvent, batch: Batch) -> None:
    _enter(event, at, batch, _working(event.waiting))


@PROJECTION.on(e.SessionAdmitted)
def _admitted(event: e.SessionAdmitted, at: RecordedEvent, batch: Batch) -> None:
    _enter(event, at, batch, Phase.RUNNING)


@PROJECTION.on(e.SessionInterrupting)
def _interrupting(event: e.SessionInterrupting, at: RecordedEvent, batch: Batch) -> None:
    _move(event, at, batch, Phase.INTERRUPTING)


@PROJECTION.on(e.SessionInterrupted)
def _interrupted(event: e.SessionInterrupted, at: RecordedEvent, batch: Batch) -> None:
    _enter(event, at, batch, Phase.INTERRUPTED)


@PROJECTION.on(e.SessionStopping)
def _stopping(event: e.SessionStopping, at: RecordedEvent, batch: Batch) -> None:
    _move(event, at, batch, Phase.STOPPING)


@PROJECTION.on(e.SessionCompleted, e.SessionFailed, e.SessionStopped)
def _ended(event: e.Event, at: RecordedEvent, batch: Batch) -> None:
    batch.write(_ENDED, event.timestamp, at.stream, event.session_id)


def _working(waiting: bool) -> Phase:
    return Phase.WAITING if waiting else Phase.RUNNING


def _enter(event: e.Event, at: RecordedEvent, batch: Batch, phase: Phase) -> None:
    """As `_move`, to a phase in which the agent is now since this event. On its way there, `since` stays as it was."""
    _move(event, at, batch, phase)
    batch.write(
        "UPDATE agents SET since = ? WHERE codebase_id = ? AND session_id = ?",
        event.timestamp,
        at.stream,
        event.session_id,
    )


def _move(event: e.Event, at: RecordedEvent, batch: Batch, phase: Phase) -> None:
    """Change the phase, unless the event is of a session that is no longer the agent's."""
    batch.write(
        "UPDATE agents SET phase = ? WHERE codebase_id = ? AND session_id = ?",
        phase.value,
        at.stream,
        event.session_id,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Agent:
    """A codebase's agent. The session's members are None where no session is active or interrupted.

    - `current_task`: the task's title.
    - `started_at`: when the session started.
    - `model`: as the agent reported it, once it did.
    - `pending`: the number of waiting tasks.
    - `failures`: consecutive failed sessions.
    - `held_code`, `held_message`: why the next task can't start yet, where it can't.
    """

    codebase_id: CodebaseId
    phase: Phase
    session_id: SessionId | None = None
    task_id: TaskId | None = None
    session_status: Literal["pending", "running", "interrupted"] | None = None
    current_task: str | None = None
    started_at: Timestamp | None = None
    model: str | None = None
    failures: int = 0
    held_code: str | None = None
    held_message: str | None = None
    pending: int = 0

    @property
    def status(self) -> PublicStatus:
        """The session's status while it has one; otherwise the phase's name in the API."""
        return self.session_status or public_status(self.phase)


def _agent(codebase: CodebaseId, phase: str, *rest: Any) -> Agent:
    return Agent(codebase_id=codebase, phase=Phase(phase), **dict(zip(_NAMES, rest, strict=True)))


class Agents:
    """Queries over the agents."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def get(self, codebase: CodebaseId) -> Agent | None:
        """The agent of a codebase, or None where the codebase is unknown or deleted."""
        rows = await self._fetch(f"{_SELECT} WHERE a.codebase_id = ?", codebase)
        return _agent(*rows[0]) if rows else None

    async def unsettled(self) -> list[CodebaseId]:
        """The codebases whose agent is neither idle nor interrupted, in order of registration.

        At the start of a server, these are the agents that the last server left unfinished.
        """
        rows = await self._fetch(
            "SELECT codebase_id FROM agents WHERE phase NOT IN (?, ?, ?) ORDER BY position",
            *(phase.value for phase in _SETTLED),
        )
        return [codebase for (codebase,) in rows]
