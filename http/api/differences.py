"""The recorded differences of one file, masked step by step."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from aiohttp import web

from ...domain.errors import DiffNotFound
from ...domain.events.run import FileDiff
from ...domain.events.wire import decode
from ...domain.ids import CodebaseId, Sequence
from ...domain.secrets.masker import Secrets
from ...domain.secrets.streams import StreamMasker
from ..web.framing import send_pieces
from ..web.parameters import CHANGED_PATH
from .service import Service
from .sessions import NOT_KEPT, its_session

STEP: Final = 32_768
"""Characters that are masked at once: nobody else is answered in these few milliseconds."""


async def session_diff(service: Service, request: web.Request) -> web.StreamResponse:
    """The unified differences of one file: one for each prompt whose work changed it, in order."""
    codebase, session = await its_session(service, request)
    path = CHANGED_PATH.given(request) or ""
    if "\0" in path or any("\ud800" <= char <= "\udfff" for char in path):
        raise DiffNotFound
    recorded = _recorded(service, codebase, await service.projections.views.changes.diffs(codebase, session, path))
    first = await anext(recorded, None)
    if first is None:
        raise DiffNotFound
    answer = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8", **NOT_KEPT})
    async with aclosing(service.streams.turns.paced(masked(service.secrets, first, recorded))) as pieces:
        await send_pieces(request, answer, pieces)
    return answer


async def _recorded(service: Service, codebase: CodebaseId, sequences: list[Sequence]) -> AsyncGenerator[str]:
    between = ""
    for sequence in sequences:
        for recorded in await service.store.read_stream(codebase, Sequence(sequence - 1), 1):
            event = decode(recorded)
            if isinstance(event, FileDiff) and event.diff is not None:
                yield between + event.diff
                between = "\n"


async def masked(secrets: Secrets, first: str, more: AsyncIterator[str]) -> AsyncGenerator[bytes]:
    """A text that comes in parts, with its secrets masked as in the whole. The loop is free after each `STEP`."""
    text: str | None = first
    masker = StreamMasker(secrets)
    while text is not None:
        for at in range(0, len(text), STEP):
            yield masker.feed(text[at : at + STEP]).encode()
            await asyncio.sleep(0)
        text = await anext(more, None)
    yield masker.end().encode()
