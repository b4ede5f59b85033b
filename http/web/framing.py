"""Answers that are made as they go: where their bodies end must be plain to whoever reads them."""

from collections.abc import AsyncIterator

import structlog
from aiohttp import HttpVersion11, web

log = structlog.get_logger()


def framed(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """The answer, whose body ends with the connection where the client knows no chunks: the next would follow it unseen."""
    if request.version < HttpVersion11:
        answer.force_close()
    return answer


async def send_pieces(request: web.Request, answer: web.StreamResponse, pieces: AsyncIterator[bytes]) -> None:
    """Send an answer in pieces. What goes wrong with the first is raised; later only a broken end can tell that there is more."""
    first = await anext(pieces, b"")
    await framed(request, answer).prepare(request)
    try:
        await answer.write(first)
        async for piece in pieces:
            await answer.write(piece)
        await answer.write_eof()
    except ConnectionError:
        return  # the reader left
    except Exception:
        log.exception("an answer broke off", path=request.path)
        if request.transport is not None:
            request.transport.abort()
