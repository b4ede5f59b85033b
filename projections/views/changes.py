"""The files that each session changed, and where the differences are recorded."""

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from ...domain import events as e
from ...domain.erasure.tombstones import MARK
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Sequence, SessionId
from ..batch import Batch
from ..database import Fetch
from ..projection import Projection
from .page import Page, select_page

Unrecorded: TypeAlias = Literal["not_compared", "binary_or_empty", "too_large"]

PROJECTION: Final = Projection(
    """
    CREATE TABLE changed_files (
        codebase_id TEXT,
        session_id TEXT,
        path TEXT,
        position INTEGER,
        path_encoding TEXT,
        action TEXT,
        additions INTEGER DEFAULT 0,
        deletions INTEGER DEFAULT 0,
        reason TEXT DEFAULT 'not_compared',
        PRIMARY KEY (codebase_id, session_id, path)
    ) WITHOUT ROWID;
    CREATE TABLE file_diffs (
        codebase_id TEXT,
        session_id TEXT,
        path TEXT,
        sequence INTEGER,
        PRIMARY KEY (codebase_id, session_id, path, sequence)
    ) WITHOUT ROWID;
    """
)

# A file that the session itself created and then changed is created; one that was deleted and came back is modified.
_CHANGED: Final = """
    INSERT INTO changed_files (codebase_id, session_id, path, position, path_encoding, action) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET reason = 'not_compared', action = CASE
        WHEN action = 'create' AND excluded.action = 'modify' THEN 'create'
        WHEN action = 'delete' AND excluded.action = 'create' THEN 'modify'
        ELSE excluded.action END
    """
_COMPARED: Final = """
    INSERT INTO changed_files (codebase_id, session_id, path, position, action, additions, deletions, reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET reason = excluded.reason, additions = additions + excluded.additions,
        deletions = deletions + excluded.deletions
    """


@PROJECTION.on(e.FileChange)
def _changed(event: e.FileChange, at: RecordedEvent, batch: Batch) -> None:
    if event.session_id is not None and event.path != MARK:
        place = at.stream, event.session_id, event.path, at.position
        batch.write(_CHANGED, *place, event.path_encoding, event.change)


@PROJECTION.on(e.FileDiff)
def _compared(event: e.FileDiff, at: RecordedEvent, batch: Batch) -> None:
    if event.session_id is None or event.path == MARK:
        return
    place, lines = (at.stream, event.session_id, event.path), (event.additions, event.deletions)
    batch.write(_COMPARED, *place, at.position, event.change, *lines, event.diff_missing)
    if event.diff is not None:
        batch.write("INSERT OR IGNORE INTO file_diffs VALUES (?, ?, ?, ?)", *place, at.sequence)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedFile:
    """A file that a session changed. `action`: what became of it in the session as a whole.

    - `additions`, `deletions`: lines, as far as the file was compared.
    - `reason`: why its newest difference is not on record; None where it is.
    """

    path: str
    path_encoding: str | None
    action: str
    additions: int
    deletions: int
    reason: Unrecorded | None


class Changes:
    """Queries over the files that sessions changed."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def page(
        self, codebase: CodebaseId, session: SessionId, limit: int = 50, offset: int = 0
    ) -> Page[ChangedFile]:
        """The files that a session changed, the one that it changed last first."""
        return await select_page(
            self._fetch,
            _file,
            columns="path, path_encoding, action, additions, deletions, reason",
            table="changed_files",
            order="position, path",
            where={"codebase_id": codebase, "session_id": session},
            limit=limit,
            offset=offset,
        )

    async def get(self, codebase: CodebaseId, session: SessionId, path: str) -> ChangedFile | None:
        """A file that a session changed, or None."""
        rows = await self._fetch(
            "SELECT path, path_encoding, action, additions, deletions, reason FROM changed_files"
            " WHERE codebase_id = ? AND session_id = ? AND path = ?",
            *(codebase, session, path),
        )
        return _file(*rows[0]) if rows else None

    async def diffs(self, codebase: CodebaseId, session: SessionId, path: str) -> list[Sequence]:
        """The events with a file's differences, in order."""
        rows = await self._fetch(
            "SELECT sequence FROM file_diffs WHERE codebase_id = ? AND session_id = ? AND path = ? ORDER BY sequence",
            *(codebase, session, path),
        )
        return [Sequence(sequence) for (sequence,) in rows]


def _file(*row: Any) -> ChangedFile:
    names = ("path", "path_encoding", "action", "additions", "deletions", "reason")
    return ChangedFile(**dict(zip(names, row, strict=True)))
