"""All views together: their tables and their queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ...domain.ids import Timestamp
from ..database import Fetch
from ..search import texts
from ..search.search import Search
from . import agents, changes, codebases, overviews, permissions, requests, sessions, tasks
from .session_queries import Sessions

HISTORICAL: Final = (
    codebases.PROJECTION,
    agents.PROJECTION,
    sessions.PROJECTION,
    tasks.PROJECTION,
    requests.PROJECTION,
    permissions.PROJECTION,
    overviews.PROJECTION,
    changes.PROJECTION,
)
"""The views that can be shown as of any earlier moment."""

PROJECTIONS: Final = (*HISTORICAL, texts.PROJECTION)
"""All views. That of the texts is the last, since a text ends with the event that ends it."""

HISTORICAL_SCHEMA: Final = "".join(projection.schema for projection in HISTORICAL)
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


_WAITING: Final = """
    SELECT
        (SELECT count(*) FROM waiting_permissions AS p JOIN live_codebases AS c ON c.id = p.codebase_id),
        (SELECT min(p.asked_at) FROM waiting_permissions AS p JOIN live_codebases AS c ON c.id = p.codebase_id),
        (SELECT t.created_at FROM tasks AS t JOIN live_codebases AS c ON c.id = t.codebase_id
            WHERE t.status = 'pending' ORDER BY t.position LIMIT 1)
    """


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many permissions and questions are open, since when the oldest is, and since when the oldest pending task is."""

    permissions: int
    oldest_permission: Timestamp | None
    oldest_task: Timestamp | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The numbers of codebases, of agents by phase, and of sessions and tasks by status."""

    codebases: int
    agents: Mapping[str, int]
    sessions: Mapping[str, int]
    tasks: Mapping[str, int]


class Views:
    """The queries by subject. Each is one read, and sees every event that was applied before it.

    `apart`: reads what may take long, without keeping other reads waiting.
    """

    def __init__(self, fetch: Fetch, apart: Fetch | None = None) -> None:
        self._fetch = fetch
        self.codebases = codebases.Codebases(fetch)
        self.agents = agents.Agents(fetch)
        self.sessions = Sessions(fetch)
        self.tasks = tasks.Tasks(fetch)
        self.requests = requests.Requests(fetch)
        self.permissions = permissions.Permissions(fetch)
        self.overviews = overviews.Overviews(fetch)
        self.search = Search(apart or fetch)
        self.changes = changes.Changes(fetch)

    async def waiting(self) -> Waiting:
        """What waits for a person or for an agent, in codebases that are not deleted."""
        [row] = await self._fetch(_WAITING)
        return Waiting(*row)

    async def counts(self) -> Counts:
        """The numbers of everything that is not deleted."""
        rows = await self._fetch(_COUNTS)

        def of(kind: str) -> dict[str, int]:
            return {status: count for name, status, count in rows if name == kind}

        return Counts(codebases=of("codebases")[""], agents=of("agents"), sessions=of("sessions"), tasks=of("tasks"))
