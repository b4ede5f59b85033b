"""Answers that are made as they go: where their bodies end must be plain to whoever reads them."""

from collections.abc import AsyncIterator
from typing import Final

import structlog
from aiohttp import HttpVersion11, web

log = structlog.get_logger()

_BYTES: Final = "application/octet-stream"


def framed(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """The answer, whose body ends with the connection where the client knows no chunks: the next would follow it unseen."""
    if request.version < HttpVersion11:
        answer.force_close()
    return answer


def lines_answer(request: web.Request, name: str) -> web.StreamResponse:
    """An answer of JSON Lines, to be kept as a file of this name.

    Many clients that are generated know no type for lines: one that asks for plain bytes gets the same under that type.
    """
    asked = request.headers.get("Accept", "")
    headers = {
        "Content-Type": _BYTES if _BYTES in asked else "application/jsonl; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept",
    }
    return web.StreamResponse(headers=headers)


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
