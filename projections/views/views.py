"""All views together: their tables and their queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ..database import Fetch
from . import agents, codebases, permissions, requests, sessions, tasks
from .session_queries import Sessions

PROJECTIONS: Final = (
    codebases.PROJECTION,
    agents.PROJECTION,
    sessions.PROJECTION,
    tasks.PROJECTION,
    requests.PROJECTION,
    permissions.PROJECTION,
)

SCHEMA: Final = "".join(projection.schema for projection in PROJECTIONS)

REVISION: Final = 4
"""Raise it whenever handlers write something else into the same tables: existing views are then rebuilt."""

VERSION: Final = f"{REVISION}-{sha256(SCHEMA.encode()).hexdigest()[:16]}"
"""A file of views is used as it is only if it has this version."""

_COUNTS: Final = """
    SELECT 'codebases', '', count(*) FROM live_codebases
    UNION ALL SELECT 'agents', a.phase, count(*)
        FROM agents AS a JOIN live_codebases AS c ON c.id = a.codebase_id GROUP BY a.phase
    UNION ALL SELECT 'sessions', s.status, count(*)
        FROM sessions AS s JOIN live_codebases AS c ON c.id = s.codebase_id GROUP BY s.status
    UNION ALL SELECT 'tasks', status, sum(number) FROM live_task_counts WHERE number > 0 GROUP BY status
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The numbers of codebases, of agents by phase, and of sessions and tasks by status."""

    codebases: int
    agents: Mapping[str, int]
    sessions: Mapping[str, int]
    tasks: Mapping[str, int]


class Views:
    """The queries by subject. Each is one read, and sees every event that was applied before it."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self.codebases = codebases.Codebases(fetch)
        self.agents = agents.Agents(fetch)
        self.sessions = Sessions(fetch)
        self.tasks = tasks.Tasks(fetch)
        self.requests = requests.Requests(fetch)
        self.permissions = permissions.Permissions(fetch)

    async def counts(self) -> Counts:
        """The numbers of everything that is not deleted."""
        rows = await self._fetch(_COUNTS)

        def of(kind: str) -> dict[str, int]:
            return {status: count for name, status, count in rows if name == kind}

        return Counts(codebases=of("codebases")[""], agents=of("agents"), sessions=of("sessions"), tasks=of("tasks"))
