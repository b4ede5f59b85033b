"""What agents asked of people: open permissions and questions, and how the others were settled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from ...domain import events as e
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import (
    AgentSessionId,
    CodebaseId,
    PermissionId,
    SessionId,
    TaskId,
    Timestamp,
)
from ..batch import Batch
from ..database import Fetch
from ..projection import Projection
from .page import Only, Page, select_page

PROJECTION: Final = Projection(
    """
    CREATE TABLE permissions (
        id TEXT,
        codebase_id TEXT,
        position INTEGER,
        kind TEXT,
        tool TEXT,
        args TEXT,
        patterns TEXT,
        always TEXT,
        session_id TEXT,
        task_id TEXT,
        call_id TEXT,
        subagent TEXT,
        asked_at TEXT,
        expires_at TEXT,
        reply TEXT,
        decided_by TEXT,
        replied_at TEXT,
        by TEXT,
        via TEXT,
        answering INTEGER DEFAULT 0,
        PRIMARY KEY (id, codebase_id)
    ) WITHOUT ROWID;
    CREATE INDEX permissions_waiting ON permissions (codebase_id, position) WHERE reply IS NULL;
    CREATE INDEX permissions_answered ON permissions (codebase_id, position) WHERE reply IS NOT NULL;
    CREATE VIEW waiting_permissions AS SELECT * FROM permissions WHERE reply IS NULL AND NOT answering;
    CREATE VIEW waiting_everywhere AS
        SELECT p.*, c.name AS codebase_name,
            coalesce(p.expires_at, 'never') || printf(' %019d', p.position) AS deadline
        FROM waiting_permissions AS p JOIN live_codebases AS c ON c.id = p.codebase_id;
    CREATE VIEW answered_permissions AS
        SELECT p.*, c.name AS codebase_name
        FROM permissions AS p JOIN live_codebases AS c ON c.id = p.codebase_id WHERE p.reply IS NOT NULL;
    """
)

_COLUMNS: Final = "id, kind, tool, args, patterns, always, session_id, task_id, call_id, subagent, asked_at, expires_at"
_SETTLED: Final = "reply, decided_by, replied_at, by, via"


@PROJECTION.on(e.PermissionAsked)
def _asked(event: e.PermissionAsked, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        f"INSERT OR IGNORE INTO permissions (codebase_id, position, {_COLUMNS})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        at.stream,
        at.position,
        event.permission_id,
        event.kind or "permission",
        event.tool,
        orjson.dumps(event.args).decode(),
        orjson.dumps(list(event.patterns)).decode(),
        orjson.dumps(list(event.always or ())).decode(),
        event.session_id,
        event.task_id,
        event.call_id,
        event.subagent,
        event.timestamp,
        event.expires_at,
    )


@PROJECTION.on(e.PermissionAnswering)
def _answering(event: e.PermissionAnswering, at: RecordedEvent, batch: Batch) -> None:
    """An answer is on its way, and no other is taken any more: it waits for nobody."""
    batch.write("UPDATE permissions SET answering = 1 WHERE id = ? AND codebase_id = ?", event.permission_id, at.stream)


@PROJECTION.on(e.PermissionReplied)
def _replied(event: e.PermissionReplied, at: RecordedEvent, batch: Batch) -> None:
    """From now on only the log has the arguments, which may be a long file."""
    batch.write(
        "UPDATE permissions SET reply = ?, decided_by = ?, replied_at = ?, by = ?, via = ?, args = '{}', patterns = '[]',"
        " always = '[]' WHERE id = ? AND codebase_id = ? AND reply IS NULL",
        event.reply,
        event.decided_by,
        event.timestamp,
        event.by,
        event.via,
        event.permission_id,
        at.stream,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Permission:
    """A permission or question. `expires_at`: its time limit. `subagent`: the agent's session of the subagent that asks.

    `settlement`: how it was settled; None where it is open. A settled one has no `args` and `patterns` here.
    """

    id: PermissionId
    kind: e.PermissionKind
    tool: str
    args: Mapping[str, e.Json]
    patterns: tuple[str, ...]
    always: tuple[str, ...]
    session_id: SessionId
    task_id: TaskId | None
    call_id: str | None
    subagent: AgentSessionId | None
    asked_at: Timestamp
    expires_at: Timestamp | None
    settlement: "Settlement | None" = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a permission or question was settled, by whom and when. `by`, `via`: the person, where one is on record."""

    reply: e.Reply
    decided_by: e.Decider
    replied_at: Timestamp
    by: str | None = None
    via: str | None = None


class Permissions:
    """Queries over the permissions and questions of a codebase."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def waiting(self, codebase: CodebaseId, limit: int = 50, offset: int = 0) -> Page[Permission]:
        """The open permissions and questions, newest first."""
        return await select_page(
            self._fetch,
            _permission,
            columns=_COLUMNS,
            table="waiting_permissions",
            order="position",
            where={"codebase_id": codebase},
            limit=limit,
            offset=offset,
        )

    async def waiting_everywhere(
        self, limit: int = 50, offset: int = 0, *, only: Only = None
    ) -> Page[tuple[CodebaseId, str, Permission]]:
        """The open permissions and questions of all codebases, with the codebase's id and name.

        The nearest deadline comes first, and those without a deadline come last. `only`: of these codebases.
        """
        return await select_page(
            self._fetch,
            _with_codebase,
            columns=f"codebase_id, codebase_name, {_COLUMNS}",
            table="waiting_everywhere",
            order="deadline",
            descending=False,
            where={},
            only=only,
            limit=limit,
            offset=offset,
        )

    async def answered(
        self, limit: int = 50, offset: int = 0, *, codebase: CodebaseId | None = None, only: Only = None
    ) -> Page[tuple[CodebaseId, str, Permission]]:
        """The settled permissions and questions, newest first, with the codebase's id and name.

        `codebase`: only of this one; None for all. `only`: of these codebases.
        """
        return await select_page(
            self._fetch,
            _answered,
            columns=f"codebase_id, codebase_name, {_COLUMNS}, {_SETTLED}",
            table="answered_permissions",
            order="position",
            where={"codebase_id": codebase},
            only=only,
            limit=limit,
            offset=offset,
        )

    async def settlement(self, codebase: CodebaseId, permission: PermissionId) -> Settlement | None:
        """How it was settled; None where it is open or was never asked."""
        rows = await self._fetch(
            f"SELECT {_SETTLED} FROM permissions WHERE id = ? AND codebase_id = ? AND reply IS NOT NULL",
            permission,
            codebase,
        )
        return Settlement(*rows[0]) if rows else None


def _with_codebase(codebase: CodebaseId, name: str, *row: Any) -> tuple[CodebaseId, str, Permission]:
    return codebase, name, _permission(*row)


def _answered(codebase: CodebaseId, name: str, *row: Any) -> tuple[CodebaseId, str, Permission]:
    asked = _COLUMNS.count(",") + 1
    return codebase, name, replace(_permission(*row[:asked]), settlement=Settlement(*row[asked:]))


def _permission(*row: Any) -> Permission:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["args"] = orjson.loads(values["args"])
    values["patterns"], values["always"] = (tuple(orjson.loads(values[name])) for name in ("patterns", "always"))
    return Permission(**values)
