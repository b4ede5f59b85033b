"""A codebase's recorded history for auditors: the log's own bytes with their places and hashes, in pages or whole.

A codebase that was deleted keeps its history.
"""

from contextlib import aclosing

import orjson
from aiohttp import web

from ...domain.errors import CodebaseNotFound
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Sequence
from ...domain.proofs.leaves import leaf_of
from ...projections.tree.export import export_lines
from ..web.answers import json_answer
from ..web.framing import lines_answer, send_pieces
from ..web.parameters import AFTER, LOG_LIMIT
from .service import Service


async def log_page(service: Service, request: web.Request) -> web.Response:
    """A page of a codebase's events: those after sequence `after`, at most `limit` and about 1 MiB of them; `next` leads on."""
    codebase, head = await recorded_codebase(service, request)
    after, limit = AFTER.of(request), LOG_LIMIT.of(request)
    events = await service.store.read_stream(codebase, Sequence(after), limit)
    last = events[-1].sequence if events else after
    return json_answer(
        {
            "events": [_event(event) for event in events],
            "head": head,
            "next": last if last < head else None,
        }
    )


async def log_export(service: Service, request: web.Request) -> web.StreamResponse:
    """All of a codebase's events as JSON Lines, with the proof that they are in the log: verifiable alone."""
    codebase, head = await recorded_codebase(service, request)
    response = lines_answer(request, f"{codebase}.jsonl")
    pieces = export_lines(service.store, service.tree, codebase, head)
    async with aclosing(pieces):
        await send_pieces(request, response, service.streams.turns.paced(pieces))
    return response


async def all_events(service: Service, request: web.Request) -> web.StreamResponse:
    """The events of all codebases in one stream, as they come, and as they came."""
    with service.places.taken(request):
        return await service.streams.all_events(request)


async def recorded_codebase(service: Service, request: web.Request) -> tuple[CodebaseId, Sequence]:
    """The codebase that the path names and the end of its history. Raises `CodebaseNotFound`."""
    codebase = CodebaseId(request.match_info["codebase_id"])
    head = await service.store.stream_head(codebase)
    if not head:
        raise CodebaseNotFound
    return codebase, head


def _event(event: RecordedEvent) -> dict[str, object]:
    return {
        "sequence": event.sequence,
        "position": event.position,
        "type": event.topic,
        "data": orjson.Fragment(event.data),
        "hash": leaf_of(event).hex(),
    }
