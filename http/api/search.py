"""Search over all that people and agents said and did."""

from aiohttp import web

from ...domain.errors import InvalidInput
from ...domain.events import Json
from ...projections.search.search import FoundText
from ..web.answers import json_answer
from ..web.pagination import part_of
from ..web.parameters import ONE_CODEBASE, WORDS
from .codebase_name import resolve
from .service import Service

LONGEST = 500
"""Characters of a query."""


async def search(service: Service, request: web.Request) -> web.Response:
    """Prompts, answers, commands and paths that have all words of `q`, newest first.

    - Upper and lower case are the same, and so are letters with and without accents.
    - The last word may go on: `log` finds `login`. A space behind it ends it.
    - Words in double quotes must follow each other. So must the parts of a word, as in `src/cart.py`.
    - A repeated word says nothing new. Of more than 16 different words or phrases the first 16 count. Together they have at
      most 48 words, and each word at most 6 times. In scripts without spaces, each character is a word.
    - No other sign has a meaning. Words are made of letters and digits. In scripts that are written without spaces, such as
      Chinese, any part of a sentence is found.
    - An answer is found when its step has ended. Of a long text the first 100,000 characters are searched.
    """
    query, part, given = _query(request), part_of(request), ONE_CODEBASE.given(request)
    views, only = await service.current_views(), await service.allowed(request)
    if given is not None:
        only = frozenset({await resolve(given, service.store, service.current_views, only)})
    page = await views.search.find(query, only, part.limit, part.offset)
    results = [_result(found) for found in page.rows]
    return json_answer({"results": results, "total": page.total, "limit": part.limit, "offset": part.offset})


def _query(request: web.Request) -> str:
    given = WORDS.given(request) or ""
    if not given.strip():
        raise InvalidInput("Query parameter `q` is required, and must not be blank.")
    if len(given) > LONGEST:
        raise InvalidInput(f"Query parameter `q` must not be longer than {LONGEST} characters.")
    if "\0" in given or (not given.isprintable() and any("\ud800" <= char <= "\udfff" for char in given)):
        raise InvalidInput("Query parameter `q` must be valid Unicode without NUL characters.")
    return given


def _result(found: FoundText) -> dict[str, Json]:
    return {
        "codebase": {"id": found.codebase_id, "name": found.codebase},
        "session_id": found.session_id,
        "task_id": found.task_id,
        "kind": found.kind,
        "sequence": found.sequence,
        "at": found.at,
        "excerpt": found.excerpt,
        "marks": [[first, end] for first, end in found.marks],
    }
