"""A codebase's recorded history for auditors: the log's own bytes with their positions and hashes.

A deleted codebase keeps its history.
"""

from contextlib import aclosing

import orjson
from aiohttp import web

from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Sequence
from ...domain.proofs.leaves import leaf_of
from ...projections.tree.export import export_lines
from ..streams.cursor import start_of_all
from ..web.answers import json_answer
from ..web.framing import lines_answer, send_pieces
from ..web.parameters import AFTER, LOG_LIMIT
from .execute import cause_of
from .service import Service


async def log_page(service: Service, request: web.Request) -> web.Response:
    """A page of a codebase's events: those after number `after`, at most `limit` events and about 1 MiB.

    For the next page, send its `next` as `after`.
    """
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
    """All events of a codebase as JSON Lines, with a proof that they are in the log.

    `opencode-ledger audit verify FILE` verifies the file without the log.
    """
    codebase, head = await recorded_codebase(service, request)
    await service.own_stream.log_read("export", codebase, cause_of(request))
    response = lines_answer(request, f"{codebase}.jsonl")
    pieces = export_lines(service.store, service.tree, codebase, head)
    async with aclosing(pieces):
        await send_pieces(request, response, service.streams.turns.paced(pieces))
    return response


async def all_events(service: Service, request: web.Request) -> web.StreamResponse:
    """Stream the events of all codebases: first a replay from the log, then live.

    Without `Last-Event-ID`, the stream starts with the next event.
    """
    with service.admission.admitted(request):
        start_of_all(request, service.store.head)  # a refused request reads nothing
        await service.own_stream.log_read("stream", None, cause_of(request))
        return await service.streams.all_events(request)


async def recorded_codebase(service: Service, request: web.Request) -> tuple[CodebaseId, Sequence]:
    """The codebase that the path names and the end of its history. Raises `CodebaseNotFound`."""
    codebase = await service.codebase_id(request)
    return codebase, await service.store.stream_head(codebase)


def _event(event: RecordedEvent) -> dict[str, object]:
    return {
        "sequence": event.sequence,
        "position": event.position,
        "type": event.topic,
        "data": orjson.Fragment(event.data),
        "hash": leaf_of(event).hex(),
    }
