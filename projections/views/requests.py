"""The requests with an idempotency key, and their responses, including those of deleted codebases."""

from dataclasses import dataclass
from typing import Final

import orjson

from ...domain.events.recorded import RecordedEvent
from ...domain.events.requests import RequestAnswered
from ...domain.ids import CodebaseId
from ...domain.principals import Principal
from ..batch import Batch
from ..database import Fetch
from ..projection import Projection

NOBODY: Final = ""
"""Stands where an event has no name."""

PROJECTION: Final = Projection(
    """
    CREATE TABLE requests (
        key TEXT,
        by TEXT,
        via TEXT,
        fingerprint TEXT,
        status INTEGER,
        answer TEXT,
        codebase_id TEXT,
        PRIMARY KEY (key, by, via)
    ) WITHOUT ROWID;
    """
)


@PROJECTION.on(RequestAnswered)
def _answered(event: RequestAnswered, at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        "INSERT OR IGNORE INTO requests (key, by, via, fingerprint, status, answer, codebase_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        event.key,
        event.by or NOBODY,
        event.via or NOBODY,
        event.fingerprint,
        event.status,
        orjson.dumps(event.answer).decode(),
        at.stream,
    )


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """An answered request. `fingerprint`: the digest of its content. `answer`: the response's body, as JSON.

    `codebase`: the one that it was for.
    """

    fingerprint: str
    status: int
    answer: bytes
    codebase: CodebaseId


class Requests:
    """Queries over requests by their keys and senders."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def get(self, key: str, principal: Principal) -> AnsweredRequest | None:
        """The request with this key from the same sender, or None.

        Logs from before 0.2 don't name the sender. A request on record there may be anyone's, and is never done again.
        """
        rows = await self._fetch(
            "SELECT fingerprint, status, answer, codebase_id FROM requests"
            " WHERE key = ?1 AND ((by = ?2 AND via = ?3) OR by = ?4) ORDER BY by = ?4",
            key,
            principal.by,
            principal.via or NOBODY,
            NOBODY,
        )
        found = (
            AnsweredRequest(digest, status, answer.encode(), CodebaseId(of)) for digest, status, answer, of in rows
        )
        return next(found, None)
