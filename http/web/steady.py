"""Answers whose time says nothing: a limited token's search reads the index of all codebases' texts, also of foreign ones.

Without this, a word that only foreign texts have takes a thousand times as long as one that nobody has.
"""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from ...domain.ports import Clock
from .principal import limit_of

STEP: Final = 0.2
"""Seconds. The response to a limited token comes after a multiple of this. An index of a million texts takes less."""


def steady(clock: Clock, handle: Handler) -> Handler:
    """The same handler, whose responses and refusals to limited tokens come only at steps of `STEP`."""

    async def handle_steadily(request: web.Request) -> web.StreamResponse:
        if limit_of(request) is None:
            return await handle(request)
        begun = clock.monotonic()
        try:
            return await handle(request)
        finally:
            await clock.sleep(-(clock.monotonic() - begun) % STEP)

    return handle_steadily
