"""The position of a response: it shows at least all events of the log up to this one.

A client that follows `GET /v1/opencode/events` from there on misses nothing. Positions also show which of two responses is
newer. A response may show more than its position says, but never less.
"""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from ...domain.ports import EventStore

HEADER: Final = "X-Ledger-Position"


def showing(store: EventStore, handle: Handler) -> Handler:
    """A handler of views that adds the position. The views wait for the log's end, so this position is safe."""

    async def handle_showing(request: web.Request) -> web.StreamResponse:
        shown = store.head
        answer = await handle(request)
        answer.headers[HEADER] = str(shown)
        return answer

    return handle_showing


def committing(store: EventStore, handle: Handler) -> Handler:
    """A handler of commands that adds a position at which the command's events are in the log."""

    async def handle_committing(request: web.Request) -> web.StreamResponse:
        answer = await handle(request)
        answer.headers[HEADER] = str(store.head)
        return answer

    return handle_committing
