"""Search: the texts that have all words of a query, newest first.

They are not ranked. A person searches a history for what happened, and the newest is the likeliest. This order is also the
one in which texts are kept, so a page costs no sorting, and what is new only ever comes before what was found already.
"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from ...domain.ids import CodebaseId, Sequence, SessionId, TaskId, Timestamp
from ..batch import Value
from ..database import Fetch
from ..views.page import Page
from .excerpts import Excerpt, Excerpts
from .words import Query, understood

TextKind: TypeAlias = Literal["prompt", "answer", "command", "path"]

MOST_READ: Final = 5_000_000
"""Characters that a page reads for its excerpts, an equal part of each text."""

# The index is read once, for the total and the page: each reading of a frequent phrase takes long.
_PAGE: Final = """
    WITH found AS MATERIALIZED (
        SELECT t.id FROM search CROSS JOIN texts AS t ON t.id = search.rowid
        WHERE search MATCH ? AND t.codebase_id IN ({codebases})
    )
    SELECT total.n, page.* FROM (SELECT count(*) AS n FROM found) AS total LEFT JOIN (
        SELECT t.id, t.codebase_id, c.name, t.session_id, t.task_id, t.kind, t.sequence, t.at, substr(t.text, 1, ?)
        FROM (SELECT id FROM found ORDER BY id DESC LIMIT ? OFFSET ?) AS part
        CROSS JOIN texts AS t ON t.id = part.id CROSS JOIN codebases AS c ON c.id = t.codebase_id
    ) AS page ORDER BY page.id DESC
    """
_LIVE: Final = "SELECT id FROM live_codebases"


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundText:
    """A text that was found. `sequence`: its event in its codebase's stream, or the first one of several.

    - `excerpt`: the words around what was found first, with `…` where something is left out.
    - `marks`: what was found, as pairs of the first character in the excerpt and the one behind it.
    """

    codebase_id: CodebaseId
    codebase: str
    session_id: SessionId | None
    task_id: TaskId | None
    kind: TextKind
    sequence: Sequence
    at: Timestamp
    excerpt: str
    marks: tuple[tuple[int, int], ...]


class Search:
    """Queries over the texts of codebases that are not deleted. They may take long: `fetch` keeps no other read waiting."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def find(
        self, query: str, codebases: Collection[CodebaseId] | None = None, limit: int = 50, offset: int = 0
    ) -> Page[FoundText]:
        """The texts with all words of a query. `codebases`: only theirs; None for all. Raises `TooManyWords`, `StoreError`."""
        meant = understood(query)
        if meant is None:
            return Page((), 0)
        match = meant.expression()
        only = tuple(codebases or ())
        live = _LIVE if codebases is None else f"{_LIVE} WHERE id IN ({', '.join('?' * len(only))})"
        values: tuple[Value, ...] = (match, *only, MOST_READ // max(limit, 1), limit, offset)
        rows = await self._fetch(_PAGE.format(codebases=live), *values)
        # Beyond the last page the total still comes, with an empty row.
        return Page(await asyncio.to_thread(_page, meant, rows), rows[0][0])


def _page(query: Query, rows: Iterable[Any]) -> tuple[FoundText, ...]:
    excerpts = Excerpts(query)
    return tuple(_found(excerpts.of(text), *row) for _total, number, *row, text in rows if number is not None)


def _found(
    excerpt: Excerpt, codebase: str, name: str, session: str, task: str | None, kind: Any, *rest: Any
) -> FoundText:
    sequence, at = rest
    return FoundText(
        codebase_id=CodebaseId(codebase),
        codebase=name,
        session_id=SessionId(session) if session else None,
        task_id=TaskId(task) if task else None,
        kind=kind,
        sequence=Sequence(sequence),
        at=Timestamp(at),
        excerpt=excerpt.text,
        marks=excerpt.marks,
    )
