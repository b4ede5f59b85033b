"""Search: the texts that have all words of a query, newest first.

They are not ranked. A person searches a history for what happened, and the newest is the likeliest. This order is also the
one in which texts are kept, so a page costs no sorting, and what is new only ever comes before what was found already.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from ...domain.ids import CodebaseId, Sequence, SessionId, TaskId, Timestamp
from ..batch import Value
from ..database import Fetch
from ..views.page import Page
from .words import expression, joined

TextKind: TypeAlias = Literal["prompt", "answer", "command", "path"]

WORDS_AROUND: Final = 32
"""Words of an excerpt."""

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
"""Around what was found, in what SQLite returns. Unicode has no characters with these numbers."""

_PAGE: Final = """
    SELECT total.n, page.* FROM (
        SELECT count(*) AS n FROM search CROSS JOIN texts AS t ON t.id = search.rowid
        WHERE search MATCH ? AND t.codebase_id IN ({codebases})
    ) AS total LEFT JOIN (
        SELECT t.id, t.codebase_id, c.name, t.session_id, t.task_id, t.kind, t.sequence, t.at,
            snippet(search, 0, ?, ?, '…', ?)
        FROM search CROSS JOIN texts AS t ON t.id = search.rowid CROSS JOIN codebases AS c ON c.id = t.codebase_id
        WHERE search MATCH ? AND t.codebase_id IN ({codebases}) ORDER BY search.rowid DESC LIMIT ? OFFSET ?
    ) AS page ORDER BY page.id DESC
    """
_LIVE: Final = "SELECT id FROM live_codebases"


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundText:
    """A text that was found. `sequence`: its event in its codebase's stream, or the first one of several.

    - `excerpt`: the words around what was found, with `…` where something is left out.
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
    """Queries over the texts of codebases that are not deleted."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def find(
        self, query: str, codebases: Collection[CodebaseId] | None = None, limit: int = 50, offset: int = 0
    ) -> Page[FoundText]:
        """The texts with all words of a query. `codebases`: only theirs; None for all."""
        match = expression(query)
        if match is None:
            return Page((), 0)
        only = tuple(codebases or ())
        live = _LIVE if codebases is None else f"{_LIVE} WHERE id IN ({', '.join('?' * len(only))})"
        values: tuple[Value, ...] = (match, *only, _OPEN, _CLOSE, WORDS_AROUND, match, *only, limit, offset)
        rows = await self._fetch(_PAGE.format(codebases=live), *values)
        # Beyond the last page the total still comes, with an empty row.
        return Page(tuple(_found(*row) for _total, number, *row in rows if number is not None), rows[0][0])


def _found(codebase: str, name: str, session: str, task: str | None, kind: Any, *rest: Any) -> FoundText:
    sequence, at, snippet = rest
    excerpt, marks = marked(joined(snippet))
    return FoundText(
        codebase_id=CodebaseId(codebase),
        codebase=name,
        session_id=SessionId(session) if session else None,
        task_id=TaskId(task) if task else None,
        kind=kind,
        sequence=Sequence(sequence),
        at=Timestamp(at),
        excerpt=excerpt,
        marks=marks,
    )


def marked(snippet: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """An excerpt without the signs around what was found, and where these were. Adjacent marks are one."""
    parts: list[str] = []
    marks: list[tuple[int, int]] = []
    at, begun = 0, None
    for char in snippet:
        if char == _OPEN:
            begun = at
        elif char == _CLOSE and begun is not None:
            before = marks.pop()[0] if marks and marks[-1][1] == begun else begun
            marks.append((before, at))
            begun = None
        elif char != _CLOSE:
            parts.append(char)
            at += 1
    return "".join(parts), tuple(marks)
