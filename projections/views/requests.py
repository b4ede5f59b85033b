"""The requests with an idempotency key, and their responses, including those of deleted codebases."""

from dataclasses import dataclass
from typing import Final

import orjson

from ...domain.events.recorded import RecordedEvent
from ...domain.events.requests import RequestAnswered
from ..batch import Batch
from ..database import Fetch
from ..projection import Projection

PROJECTION: Final = Projection(
    """
    CREATE TABLE requests (
        key TEXT PRIMARY KEY,
        fingerprint TEXT,
        status INTEGER,
        answer TEXT
    ) WITHOUT ROWID;
    """
)


@PROJECTION.on(RequestAnswered)
def _answered(event: RequestAnswered, _at: RecordedEvent, batch: Batch) -> None:
    batch.write(
        "INSERT OR IGNORE INTO requests (key, fingerprint, status, answer) VALUES (?, ?, ?, ?)",
        event.key,
        event.fingerprint,
        event.status,
        orjson.dumps(event.answer).decode(),
    )


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """An answered request. `fingerprint`: the digest of its content. `answer`: the response's body, as JSON."""

    fingerprint: str
    status: int
    answer: bytes


class Requests:
    """Queries over requests by their keys."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def get(self, key: str) -> AnsweredRequest | None:
        """The request with this key, or None."""
        rows = await self._fetch("SELECT fingerprint, status, answer FROM requests WHERE key = ?", key)
        return next((AnsweredRequest(print_, status, answer.encode()) for print_, status, answer in rows), None)
