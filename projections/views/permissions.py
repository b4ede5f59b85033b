"""What agents asked of people: what still waits for an answer, and how the rest was settled."""

from collections.abc import Mapping
from dataclasses import dataclass
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
from .page import Page, select_page

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
        session_id TEXT,
        task_id TEXT,
        call_id TEXT,
        subagent TEXT,
        asked_at TEXT,
        expires_at TEXT,
        reply TEXT,
        decided_by TEXT,
        replied_at TEXT,
        PRIMARY KEY (id, codebase_id)
    ) WITHOUT ROWID;
    CREATE INDEX permissions_waiting ON permissions (codebase_id, position) WHERE reply IS NULL;
    CREATE VIEW waiting_permissions AS SELECT * FROM permissions WHERE reply IS NULL;
    """
)

_COLUMNS: Final = "id, kind, tool, args, patterns, session_id, task_id, call_id, subagent, asked_at, expires_at"


@PROJECTION.on(e.PermissionAsked)
def _asked(event: e.PermissionAsked, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        f"INSERT OR IGNORE INTO permissions (codebase_id, position, {_COLUMNS})"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        at.stream,
        at.position,
        event.permission_id,
        event.kind or "permission",
        event.tool,
        orjson.dumps(event.args).decode(),
        orjson.dumps(list(event.patterns)).decode(),
        event.session_id,
        event.task_id,
        event.call_id,
        event.subagent,
        event.timestamp,
        event.expires_at,
    )


@PROJECTION.on(e.PermissionReplied)
def _replied(event: e.PermissionReplied, at: RecordedEvent, batch: Batch) -> None:
    """What was asked for is from now on in the log alone: a file to be written can be long."""
    batch.write(
        "UPDATE permissions SET reply = ?, decided_by = ?, replied_at = ?, args = '{}', patterns = '[]'"
        " WHERE id = ? AND codebase_id = ? AND reply IS NULL",
        event.reply,
        event.decided_by,
        event.timestamp,
        event.permission_id,
        at.stream,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Permission:
    """Something that waits for an answer, until `expires_at`. `subagent`: the agent's session of the helper that asks."""

    id: PermissionId
    kind: e.PermissionKind
    tool: str
    args: Mapping[str, e.Json]
    patterns: tuple[str, ...]
    session_id: SessionId
    task_id: TaskId | None
    call_id: str | None
    subagent: AgentSessionId | None
    asked_at: Timestamp
    expires_at: Timestamp | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """How something was settled, by whom and when."""

    reply: str
    decided_by: e.Decider
    replied_at: Timestamp


class Permissions:
    """Queries over what the agent of a codebase asks and has asked."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def waiting(self, codebase: CodebaseId, limit: int = 50, offset: int = 0) -> Page[Permission]:
        """What waits for an answer, newest first."""
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

    async def settlement(self, codebase: CodebaseId, permission: PermissionId) -> Settlement | None:
        """How it was settled; None for what still waits or was never asked."""
        rows = await self._fetch(
            "SELECT reply, decided_by, replied_at FROM permissions"
            " WHERE id = ? AND codebase_id = ? AND reply IS NOT NULL",
            permission,
            codebase,
        )
        return Settlement(*rows[0]) if rows else None


def _permission(*row: Any) -> Permission:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["args"], values["patterns"] = orjson.loads(values["args"]), tuple(orjson.loads(values["patterns"]))
    return Permission(**values)
