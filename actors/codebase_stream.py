"""The stream of one codebase in the log, with its only writer.

Every event is masked here before it becomes bytes. This is the only way into the log while an actor runs.
"""

import asyncio
from collections.abc import Sequence as Many

from ..domain.codebase.decision import fold
from ..domain.codebase.state import INITIAL, State
from ..domain.events import Event
from ..domain.events.imported import is_long
from ..domain.events.recorded import NewEvent
from ..domain.events.wire import changes_state, decode, encode
from ..domain.ids import CodebaseId, Position, Sequence
from ..domain.ports import EventStore
from ..domain.secrets.masked_records import EventMasker
from ..domain.secrets.masker import Secrets

PAGE = 1000
"""Events that are read at once while the state is loaded."""


class CodebaseStream:
    """Loads a codebase's state from the log, and appends to its stream at the sequence that was seen last."""

    def __init__(self, codebase: CodebaseId, store: EventStore, secrets: Secrets) -> None:
        self._codebase, self._store = codebase, store
        self._masker = EventMasker(secrets)
        self.sequence = Sequence(0)

    @property
    def head(self) -> Position:
        """The position of the last event in the whole log."""
        return self._store.head

    async def load(self) -> State:
        """The state after every recorded event. Raises `StoreError`."""
        self.sequence = await self._store.stream_head(self._codebase)
        state, after = INITIAL, Sequence(0)
        while page := await self._store.read_lifecycle(self._codebase, after, PAGE):
            state = fold(state, (decode(recorded) for recorded in page))
            after = page[-1].sequence
        return state

    async def append(self, events: Many[Event]) -> list[Event]:
        """Record the events. Returns those that can change the state, decoded from the recorded bytes.

        The recorded bytes rule, because they may hold less than the objects did. Raises `StoreError`, and
        `WrongExpectedVersion` if the stream has another writer.
        """
        if not events:
            return []
        new = await asyncio.to_thread(self._encoded, events) if is_long(events) else self._encoded(events)
        recorded = await self._store.append(self._codebase, self.sequence, new)
        self.sequence = recorded[-1].sequence
        return [decode(r) for r in recorded if changes_state(r)]

    def _encoded(self, events: Many[Event]) -> list[NewEvent]:
        return [encode(self._masker.mask(event)) for event in events]
