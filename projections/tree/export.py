"""Writes an export (see `domain/proofs/export`) of a codebase's history, a page at a time."""

from collections.abc import AsyncGenerator
from typing import Final

from ...domain.events import Json
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, Sequence
from ...domain.ports import EventStore
from ...domain.proofs.export import Manifest, event_line, manifest_line, proof_line
from .log_tree import Tree

PAGE: Final = 500


async def export_lines(
    store: EventStore, tree: Tree, codebase: CodebaseId, upto: Sequence
) -> AsyncGenerator[bytes, None]:
    """The lines of a codebase's events up to a sequence, several at a time."""
    note = await tree.checkpoint()
    selection: dict[str, Json] = {"codebase_id": codebase, "from": 1, "to": upto}
    yield manifest_line(Manifest(selection=selection, events=upto, key=str(tree.key), checkpoint=note))
    positions: list[int] = []
    async for page in _pages(store, codebase, upto):
        positions.extend(event.position - 1 for event in page)
        yield b"".join(map(event_line, page))
    yield proof_line(await tree.beside(positions, note))


async def _pages(store: EventStore, codebase: CodebaseId, upto: Sequence) -> AsyncGenerator[list[RecordedEvent], None]:
    after = Sequence(0)
    while page := await store.read_stream(codebase, after, PAGE, upto=upto):
        yield page
        after = page[-1].sequence
