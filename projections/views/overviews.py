"""The overview of each codebase: its state in words, since when, what waits, the last session, and what it cost.

The fold has no clock. Costs are kept by the UTC day of their events, and a query names the day that counts as today.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from ...domain import events as e
from ...domain.codebase.lifecycle_rules import BUSY, Phase
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Position, SessionId, Timestamp
from ..batch import Batch
from ..database import Fetch
from ..projection import Projection
from .codebases import COLUMNS, Codebase, codebase_of
from .session_queries import SessionStatus

State: TypeAlias = Literal["running", "needs_you", "waiting_for_slot", "interrupted", "failed", "idle"]

LONGEST_LINE: Final = 200
"""Characters of a prompt, and of what an agent says, at most."""

LONGEST_REASON: Final = 500
"""Characters of a reason at most."""

PROJECTION: Final = Projection(
    """
    CREATE TABLE overviews (
        codebase_id TEXT PRIMARY KEY,
        session_id TEXT,
        trouble TEXT,
        part_id TEXT,
        said TEXT,
        input INTEGER DEFAULT 0,
        output INTEGER DEFAULT 0,
        cost REAL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE costs_by_day (codebase_id TEXT, day TEXT, cost REAL, PRIMARY KEY (codebase_id, day)) WITHOUT ROWID;
    """
)

_SELECT: Final = f"""
    SELECT c.position, c.last_position, a.phase, a.since, a.held_message, a.held_at,
        (SELECT count(*) FROM waiting_permissions AS p WHERE p.codebase_id = c.id),
        (SELECT min(p.asked_at) FROM waiting_permissions AS p WHERE p.codebase_id = c.id),
        coalesce((SELECT n.number FROM task_counts AS n WHERE n.codebase_id = c.id AND n.status = 'pending'), 0),
        (SELECT t.created_at FROM tasks AS t WHERE t.codebase_id = c.id AND t.status = 'pending' ORDER BY t.position LIMIT 1),
        s.id, substr(s.prompt, 1, {4 * LONGEST_LINE}), s.status, s.started_at, o.trouble, o.said, o.input, o.output, o.cost,
        coalesce((SELECT d.cost FROM costs_by_day AS d WHERE d.codebase_id = c.id AND d.day = ?), 0.0),
        {", ".join(f"c.{column}" for column in COLUMNS.split(", "))}
    FROM codebases AS c
    JOIN agents AS a ON a.codebase_id = c.id
    JOIN overviews AS o ON o.codebase_id = c.id
    LEFT JOIN sessions AS s ON s.id = o.session_id AND s.codebase_id = c.id
    """


@PROJECTION.on(e.CodebaseRegistered)
def _registered(_event: e.CodebaseRegistered, at: RecordedEvent, batch: Batch) -> None:
    batch.write("INSERT OR IGNORE INTO overviews (codebase_id) VALUES (?)", at.stream)


@PROJECTION.on(e.SessionStarted)
def _started(event: e.SessionStarted, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        "UPDATE overviews SET session_id = ?, trouble = NULL, part_id = NULL, said = NULL WHERE codebase_id = ?",
        event.session_id,
        at.stream,
    )


@PROJECTION.on(e.SessionResumed)
def _resumed(event: e.SessionResumed, at: RecordedEvent, batch: Batch) -> None:
    _trouble(None, event.session_id, at, batch)


@PROJECTION.on(e.Error)
def _failed(event: e.Error, at: RecordedEvent, batch: Batch) -> None:
    _trouble(event.error, event.session_id, at, batch)


def _trouble(why: str | None, session: SessionId | None, at: RecordedEvent, batch: Batch) -> None:
    batch.write("UPDATE overviews SET trouble = ? WHERE codebase_id = ? AND session_id = ?", why, at.stream, session)


@PROJECTION.on_members("output")
def _output(members: Mapping[str, e.Json], at: RecordedEvent, batch: Batch) -> None:
    if members.get("type") != "text" or members.get("subagent") is not None:
        return
    match members:
        case {"session_id": str(session), "part_id": str(part), "content": str(text)}:
            # SQLite's functions for text end at a NUL.
            batch.say(at, session, part, text.replace("\0", ""), replaces=bool(members.get("replaces")))
        case _:
            return


@PROJECTION.on(e.Usage)
def _usage(event: e.Usage, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        "UPDATE overviews SET input = input + ?, output = output + ?, cost = cost + ? WHERE codebase_id = ?",
        event.tokens.get("input", 0),
        event.tokens.get("output", 0),
        event.cost,
        at.stream,
    )
    batch.write(
        "INSERT INTO costs_by_day (codebase_id, day, cost) VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET cost = cost + excluded.cost",
        at.stream,
        event.timestamp[:10],
        event.cost,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class LastSession:
    """The last session that this service started. `prompt`: its first line, at most `LONGEST_LINE` characters."""

    id: SessionId
    prompt: str
    status: SessionStatus
    started_at: Timestamp | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """What to know of a codebase at a glance.

    - `since`: when it came into its state.
    - `reason`: why it failed or was interrupted, in one sentence. None if a person interrupted it.
    - `says`: the last line of the agent's text in the last session.
    - `queued`: tasks that wait. `waiting`: permission requests and questions that wait for an answer.
    - `tokens` by kind and the costs in US dollars are sums over all sessions of this service.
    - `cost_today`: the cost on the day that the query named.
    """

    state: State
    since: Timestamp
    reason: str | None
    says: str | None
    queued: int
    waiting: int
    session: LastSession | None
    tokens: Mapping[str, int]
    cost: float
    cost_today: float


@dataclass(frozen=True, slots=True)
class Overviewed:
    """A codebase with its overview, or None if it is deleted. `position`: of its last event in the whole log.

    `registered`: the position of its registration.
    """

    codebase: Codebase
    overview: Overview | None
    position: Position
    registered: Position


class Overviews:
    """Queries over the overviews of codebases. `day`: the UTC day that counts as today, such as 2026-01-31."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def get(self, codebase: CodebaseId, day: str) -> Overviewed | None:
        """One codebase, or None where it is unknown or deleted."""
        rows = await self._fetch(f"{_SELECT} WHERE c.id = ? AND NOT c.deleted", day, codebase)
        return overviewed(*rows[0]) if rows else None

    async def rows_since(self, position: Position, day: str) -> list[Any]:
        """The rows of all codebases with an event after this position, in the order of their last events.

        `overviewed` reads a row. For very many rows that takes a while, so it can be done in a thread.
        """
        return await self._fetch(f"{_SELECT} WHERE c.last_position > ? ORDER BY c.last_position", day, position)


def overviewed(*row: Any) -> Overviewed:
    """The codebase of a row."""
    registered, position, phase, since, held, held_at, waiting, asked_at, queued, queued_at, *rest = row
    session, prompt, status, started, trouble, said, tokens_in, tokens_out, cost, today, *codebase = rest
    state, entered, reason = _state(
        Phase(phase),
        since,
        held=(held_at, held),
        asked_at=asked_at,
        trouble=trouble,
        status=status,
        queued_at=queued_at,
    )
    overview = Overview(
        state=state,
        since=entered,
        reason=None if reason is None else _one_line(reason, LONGEST_REASON),
        says=last_line(said or ""),
        queued=queued,
        waiting=waiting,
        session=LastSession(id=session, prompt=_first_line(prompt), status=status, started_at=started)
        if session
        else None,
        tokens={"input": tokens_in, "output": tokens_out},
        cost=cost,
        cost_today=today,
    )
    return Overviewed(codebase_of(*codebase), None if phase == Phase.DELETED.value else overview, position, registered)


def _state(
    phase: Phase,
    since: Timestamp,
    *,
    held: tuple[Timestamp | None, str | None],
    asked_at: Timestamp | None,
    trouble: str | None,
    status: str | None,
    queued_at: Timestamp | None,
) -> tuple[State, Timestamp, str | None]:
    """The state, since when, and why. What a person has to do comes first."""
    held_at, held_message = held
    if phase in BUSY:
        return ("running", since, None) if asked_at is None else ("needs_you", asked_at, None)
    if phase is Phase.INTERRUPTED:
        return "interrupted", since, trouble
    if held_at is not None:
        return "failed", held_at, held_message
    if phase is Phase.WAITING:
        return "waiting_for_slot", since, None
    if status == "failed":
        return "failed", since, trouble
    if queued_at is not None:
        return "waiting_for_slot", max(since, queued_at), None
    return "idle", since, None


def last_line(said: str) -> str | None:
    """The last line with text, without blanks around it. Of a long line, its end."""
    line = said.strip().rpartition("\n")[2].strip()
    return f"…{line[1 - LONGEST_LINE :]}" if len(line) > LONGEST_LINE else line or None


def _first_line(prompt: str | None) -> str:
    return _one_line((prompt or "").strip().partition("\n")[0], LONGEST_LINE)


def _one_line(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
