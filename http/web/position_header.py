"""The position of an answer: up to which event of the whole log it shows everything.

Whoever follows `GET /v1/opencode/events` from there on misses nothing, and whoever was given a later one by a command
knows which of two answers is newer. An answer may show more than its position says, never less.
"""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from ...domain.ports import EventStore

HEADER: Final = "X-Ledger-Position"


def showing(store: EventStore, handle: Handler) -> Handler:
    """A handler that reads the views, as one that names the position of its answers: the views wait for the log's end."""

    async def handle_showing(request: web.Request) -> web.StreamResponse:
        shown = store.head
        answer = await handle(request)
        answer.headers[HEADER] = str(shown)
        return answer

    return handle_showing


def committing(store: EventStore, handle: Handler) -> Handler:
    """A handler of commands, as one that names a position by which what it did is in the log."""

    async def handle_committing(request: web.Request) -> web.StreamResponse:
        answer = await handle(request)
        answer.headers[HEADER] = str(store.head)
        return answer

    return handle_committing
