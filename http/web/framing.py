"""Streamed responses. Clients must be able to see where their bodies end."""

from collections.abc import AsyncIterator
from typing import Final

import structlog
from aiohttp import HttpVersion11, web

log = structlog.get_logger()

_BYTES: Final = "application/octet-stream"


def framed(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    """The response. For a client that doesn't know chunks, its body ends with the connection."""
    if request.version < HttpVersion11:
        answer.force_close()
    return answer


def lines_answer(request: web.Request, name: str) -> web.StreamResponse:
    """A response of JSON Lines, to be saved as a file with this name.

    Many generated clients don't know the media type of JSON Lines. A client that asks for plain bytes gets that type.
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
    """Send a response in pieces. An error in the first piece is raised. After a later error, the connection is cut."""
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
        log.exception("a response was cut off", path=request.path)
        if request.transport is not None:
            request.transport.abort()
