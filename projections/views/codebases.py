"""The registered codebases. A deleted codebase is hidden from every query, here and in the other views."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from ...domain import events as e
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Timestamp
from ..batch import Batch
from ..database import Fetch
from ..projection import Projection

PROJECTION: Final = Projection(
    """
    CREATE TABLE codebases (
        id TEXT PRIMARY KEY,
        position INTEGER,
        name TEXT,
        path TEXT,
        description TEXT,
        worker_id TEXT,
        agent_config TEXT,
        created_at TEXT,
        last_activity TEXT,
        last_position INTEGER,
        registered_by TEXT,
        deleted INTEGER DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX codebases_by_name ON codebases (name);
    CREATE INDEX codebases_by_last_position ON codebases (last_position);
    CREATE VIEW live_codebases AS SELECT * FROM codebases WHERE NOT deleted;
    """
)

COLUMNS: Final = "id, name, path, description, worker_id, agent_config, created_at, last_activity, registered_by"
"""The columns of a codebase, in the order of the parameters of `codebase_of`."""


@PROJECTION.on(e.CodebaseRegistered)
def _registered(event: e.CodebaseRegistered, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        "INSERT OR IGNORE INTO codebases (id, position, name, path, description, worker_id, agent_config,"
        " created_at, last_activity, registered_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        at.stream,
        at.position,
        event.name,
        event.path,
        event.description,
        event.worker_id,
        orjson.dumps(event.agent_config).decode(),
        event.timestamp,
        event.timestamp,
        event.by,
    )


@PROJECTION.on(e.CodebaseChanged)
def _changed(event: e.CodebaseChanged, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        "UPDATE codebases SET name = coalesce(?, name), description = coalesce(?, description),"
        " agent_config = coalesce(?, agent_config) WHERE id = ?",
        event.name,
        event.description,
        None if event.agent_config is None else orjson.dumps(event.agent_config).decode(),
        at.stream,
    )


@PROJECTION.on(e.CodebaseDeleted)
def _deleted(_event: e.CodebaseDeleted, at: RecordedEvent, batch: Batch) -> None:
    batch.write("UPDATE codebases SET deleted = 1 WHERE id = ?", at.stream)


@dataclass(frozen=True, kw_only=True, slots=True)
class Codebase:
    """A registered codebase. `last_activity`: the time of the newest event of any kind.

    `registered_by`: who registered it; None where the log doesn't say.
    """

    id: CodebaseId
    name: str
    path: str
    description: str
    worker_id: str | None
    agent_config: Mapping[str, e.Json]
    created_at: Timestamp
    last_activity: Timestamp
    registered_by: str | None = None


class Codebases:
    """Queries over the registered codebases."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def all(self, only: frozenset[CodebaseId] | None = None) -> list[Codebase]:
        """Every registered codebase, or the registered ones of `only`, in order of registration."""
        every = await self._select("ORDER BY position")
        return every if only is None else [codebase for codebase in every if codebase.id in only]

    async def count(self) -> int:
        """The number of registered codebases."""
        return int((await self._fetch("SELECT count(*) FROM live_codebases"))[0][0])

    async def get(self, codebase: CodebaseId) -> Codebase | None:
        """One codebase, or None where it is unknown or deleted."""
        found = await self._select("WHERE id = ?", codebase)
        return found[0] if found else None

    async def named(self, name: str) -> list[CodebaseId]:
        """The ids of the codebases with exactly this name, in order of registration."""
        rows = await self._fetch("SELECT id FROM live_codebases WHERE name = ? ORDER BY position", name)
        return [codebase for (codebase,) in rows]

    async def _select(self, clause: str, *values: str) -> list[Codebase]:
        rows = await self._fetch(f"SELECT {COLUMNS} FROM live_codebases {clause}", *values)
        return [codebase_of(*row) for row in rows]


def codebase_of(
    id_: Any, name: Any, path: Any, description: Any, worker: Any, config: Any, created: Any, active: Any, by: Any
) -> Codebase:
    """The codebase of a row of `COLUMNS`."""
    return Codebase(
        id=id_,
        name=name,
        path=path,
        description=description,
        worker_id=worker,
        agent_config=orjson.loads(config),
        created_at=created,
        last_activity=active,
        registered_by=by,
    )
