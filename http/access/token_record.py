"""Puts each change of the valid tokens on record, in the background: a slow disk must not keep a revoked token valid."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import structlog

from ...domain.errors import LedgerError
from ...domain.ports import Clock

log = structlog.get_logger()

AGAIN: Final = 0.25
"""Seconds until a change is recorded again that could not be recorded."""

Record: TypeAlias = Callable[[Mapping[str, str], frozenset[str]], Awaitable[None]]
"""Records which tokens are valid now: their rights by name, and the names with a new secret. Raises `LedgerError`."""


class TokenRecord:
    """Records what `changed` says, in the order of the changes. `run` in a task."""

    def __init__(self, record: Record, rights: Mapping[str, str], clock: Clock) -> None:
        """`rights`: those at the start, which are recorded too."""
        self._record, self._rights, self._clock = record, rights, clock
        self._renewed: frozenset[str] | None = frozenset()
        self._more = asyncio.Event()
        self._trouble: str | None = None

    def changed(self, rights: Mapping[str, str], renewed: frozenset[str]) -> None:
        """The rights that are valid now, and the names whose tokens have another secret than before."""
        self._rights, self._renewed = rights, (self._renewed or frozenset()) | renewed
        self._more.set()

    async def run(self) -> None:
        """Record all changes until cancelled."""
        while True:
            if await self.settle():
                await self._more.wait()
                self._more.clear()
            else:
                await self._clock.sleep(AGAIN)

    async def settle(self) -> bool:
        """Record which tokens are valid. Returns whether that is done; if not, it can be tried again."""
        while (renewed := self._renewed) is not None:
            self._renewed = None  # what changes meanwhile is recorded in the next round
            try:
                await self._record(self._rights, renewed)
            except Exception as error:
                self._renewed = renewed | (self._renewed or frozenset())
                self._say(error.message if isinstance(error, LedgerError) else repr(error))
                return False
            self._trouble = None
        return True

    def _say(self, reason: str) -> None:
        if reason != self._trouble:
            self._trouble = reason
            log.error("the change of tokens could not be recorded yet", reason=reason)
