"""The bodies of responses about searches."""

from typing import Annotated

from pydantic import Field

from ....projections.search.search import TextKind
from .parts import Count, Listing, NamedCodebase, Shape, Time

Mark = Annotated[list[Count], Field(min_length=2, max_length=2)]


class FoundText(Shape):
    """A text that was found. `sequence`: its event in the codebase's stream, or its first one.

    - `session_id` is null for the prompt of a task that has no session.
    - `excerpt`: the words around what was found first, as plain text, with `…` where something is left out. It has at most
      300 characters.
    - `marks`: what was found, as pairs of the first character in the excerpt and the one behind it. They count Unicode
      characters (code points). There are none where a long text would take too long to look through.
    """

    codebase: NamedCodebase
    session_id: str | None
    task_id: str | None
    kind: TextKind
    sequence: Annotated[int, Field(ge=1)]
    at: Time
    excerpt: str
    marks: list[Mark]


class Found(Listing):
    """Texts with all words of the query, newest first."""

    results: list[FoundText]
