"""At the start the server drops whole outputs whose events were never recorded because it was killed in between."""

from ..domain.ids import CodebaseId, OutputId, Sequence
from ..domain.outputs.record import kept_in
from ..domain.ports import EventStore, OutputStore

PAGE = 1000


async def drop_unnamed(store: EventStore, outputs: OutputStore) -> None:
    """Drop the unsettled outputs that no event names. Raises `StoreError`."""
    unsettled = await outputs.unsettled()
    if not unsettled:
        return
    named = set[tuple[CodebaseId, OutputId]]()
    for codebase in dict.fromkeys(codebase for codebase, _ in unsettled):
        after = Sequence(0)
        while page := await store.read_lifecycle(codebase, after, PAGE):
            named.update((kept.codebase, kept.output_id) for kept in kept_in(page))
            after = page[-1].sequence
    await outputs.settle(named)
