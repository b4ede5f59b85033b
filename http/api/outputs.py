"""Whole outputs of tools: one output or a range of its bytes, and all outputs of a codebase for auditors."""

import re
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from ...domain.errors import InvalidInput, OutputNotFound
from ...domain.ids import CodebaseId, OutputId, Sequence
from ...domain.outputs.exported import first_line, last_line, output_line, text_line
from ...domain.outputs.record import KeptOutput, kept_in
from ...domain.whole_output import CHUNK, is_output_id
from ..web.errors import RangeNotThere
from ..web.framing import lines_answer, send_pieces
from ..web.parameters import UPTO
from .execute import cause_of
from .history import recorded_codebase
from .service import Service

PIECE: Final = 4 * CHUNK
"""Bytes that are read and sent at once."""
PAGE: Final = 1000

_RANGE: Final = re.compile(r"bytes=([0-9]{1,15})?-([0-9]{1,15})?")


async def tool_output(service: Service, request: web.Request) -> web.StreamResponse:
    """What a tool printed, as text: all that was recorded, or one range of its bytes."""
    codebase, output = (await service.codebase(request)).id, OutputId(request.match_info["output_id"])
    size = await service.outputs.size(codebase, output) if is_output_id(output) else None
    if size is None:
        raise OutputNotFound
    asked = _asked(request, size)
    first, upto = asked or (0, size)
    answer = web.StreamResponse(
        status=206 if asked else 200,
        headers={
            "Content-Type": "text/plain; charset=utf-8",
            "Accept-Ranges": "bytes",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **({"Content-Range": f"bytes {first}-{upto - 1}/{size}"} if asked else {}),
        },
    )
    answer.content_length = upto - first
    pieces = (
        await service.outputs.read(codebase, output, at, min(at + PIECE, upto)) for at in range(first, upto, PIECE)
    )
    await send_pieces(request, answer, pieces)
    return answer


async def log_outputs(service: Service, request: web.Request) -> web.StreamResponse:
    """The whole outputs that a codebase's events name, as JSON Lines. They are verified together with an export.

    Use the `to` of the export's manifest here, so that both files belong to the same events.
    """
    codebase, head = await recorded_codebase(service, request)
    upto = Sequence(min(UPTO.of(request, head), head))
    await service.own_stream.log_read("outputs", codebase, cause_of(request))
    kept = await _kept(service, codebase, upto)
    answer = lines_answer(request, f"{codebase}.outputs.jsonl")
    await send_pieces(request, answer, service.streams.turns.paced(_lines(service, kept)))
    return answer


async def _kept(service: Service, codebase: CodebaseId, upto: Sequence) -> list[tuple[KeptOutput, bytes]]:
    """What the events name and is there, with its salt."""
    found, after = list[tuple[KeptOutput, bytes]](), Sequence(0)
    while page := await service.store.read_lifecycle(codebase, after, PAGE):
        for kept in kept_in(event for event in page if event.sequence <= upto):
            if (salt := await service.outputs.salt(codebase, kept.output_id)) is not None:
                found.append((kept, salt))
        after = page[-1].sequence
        if after >= upto:
            break
    return found


async def _lines(service: Service, found: list[tuple[KeptOutput, bytes]]) -> AsyncIterator[bytes]:
    yield first_line(len(found))
    for kept, salt in found:
        yield output_line(kept, salt)
        at = 0
        # As it was cut when it was kept: each chunk is whole characters.
        while chunk := await service.outputs.chunk(kept.codebase, kept.output_id, at):
            yield text_line(chunk)
            at += len(chunk)
    yield last_line(len(found))


def _asked(request: web.Request, size: int) -> tuple[int, int] | None:
    """The bytes that the request's Range asks for; None where it asks for all. Raises `InvalidInput`, `RangeNotThere`."""
    given = request.headers.getall("Range", [])
    if not given:
        return None
    parts = _RANGE.fullmatch(given[0].strip()) if len(given) == 1 else None
    if parts is None or parts[1] == parts[2] is None:
        raise InvalidInput("`Range` must be one range of bytes, such as bytes=0-1023, bytes=1024- or bytes=-512.")
    if parts[1] is None:
        first, upto = max(0, size - int(parts[2])), size
    else:
        first, upto = int(parts[1]), size if parts[2] is None else int(parts[2]) + 1
        if upto <= first and parts[2] is not None:
            raise InvalidInput("`Range` must not end before it begins.")
    if first >= size or first >= min(upto, size):
        raise RangeNotThere(size)
    return first, min(upto, size)
