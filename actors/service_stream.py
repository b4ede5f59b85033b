"""The stream of the service itself: what is recorded that belongs to no codebase. It has one writer, as others have."""

import asyncio
from collections.abc import Mapping

from ..domain.events import Event, LogRead, TokensChanged
from ..domain.events.event import Cause
from ..domain.events.service import SERVICE, AuditRead
from ..domain.events.wire import decode
from ..domain.ids import CodebaseId, Sequence
from ..domain.ports import Clock, EventStore
from ..domain.secrets.masker import Secrets
from .clock import timestamp
from .codebase_stream import CodebaseStream

PAGE = 500
"""Events read at once."""


class ServiceStream:
    """Appends to the service's stream."""

    def __init__(self, store: EventStore, clock: Clock, secrets: Secrets) -> None:
        self._store, self._clock = store, clock
        self._stream = CodebaseStream(SERVICE, store, secrets)
        self._turn = asyncio.Lock()
        self._tokens: dict[str, str] | None = None

    async def log_read(self, read: AuditRead, codebase: CodebaseId | None, cause: Cause) -> None:
        """Record that somebody begins to read the log. Raises `StoreError`."""
        event = LogRead(read=read, codebase=codebase, timestamp=timestamp(self._clock))
        async with self._turn:
            await self._append(event.caused_by(cause))

    async def tokens_valid(self, rights: Mapping[str, str], renewed: frozenset[str] = frozenset()) -> None:
        """Record how the valid tokens differ from those on record, if they do. Raises `StoreError`.

        `rights`: what each token allows, by its name. `renewed`: names with a new secret, which the record can't show.
        """
        async with self._turn:
            known = await self._recorded()
            changed = {name for name, right in rights.items() if name in known and known[name] != right}
            change = TokensChanged(
                added={name: right for name, right in rights.items() if name not in known},
                changed={name: rights[name] for name in known if name in changed | renewed and name in rights},
                removed=tuple(name for name in known if name not in rights),
                timestamp=timestamp(self._clock),
            )
            if change.added or change.changed or change.removed:
                await self._append(change)
                self._tokens = dict(rights)

    async def _append(self, event: Event) -> None:
        # Looked up each time: a caller that left may have cut off an append that happened nevertheless.
        self._stream.sequence = await self._store.stream_head(SERVICE)
        await self._stream.append([event])

    async def _recorded(self) -> dict[str, str]:
        """The tokens that were valid last, by the record. Read once: nobody else writes here."""
        if self._tokens is None:
            tokens, after = dict[str, str](), Sequence(0)
            while page := await self._store.read_stream(SERVICE, after, PAGE):
                for change in map(decode, page):
                    if isinstance(change, TokensChanged):
                        tokens = {name: right for name, right in tokens.items() if name not in change.removed}
                        tokens |= {**change.added, **change.changed}
                after = page[-1].sequence
            self._tokens = tokens
        return self._tokens
