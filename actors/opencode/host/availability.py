"""Whether agents can be started here.

That is found out in the background. Callers get the last answer instead of waiting.
"""

import asyncio
from math import inf
from pathlib import Path

import structlog

from ....domain.errors import AgentUnavailable
from ...clock import loop_seconds
from ..other_versions.choice import settle
from ..settings import OpencodeSettings

log = structlog.get_logger()

GLANCE = 0.25
"""Seconds that a caller waits for a newer answer than the last."""
NOT_KNOWN = "It is not known yet whether opencode can be used: it has not reported its version so far."


class Availability:
    """Checks the executable and its home now and then. `path`: where it is searched for.

    `note`: a remark although agents can be started; None for nothing.
    """

    def __init__(self, settings: OpencodeSettings, path: str) -> None:
        self._settings, self._path = settings, path
        self.binary: Path | None = None
        self.note: str | None = None
        self._last: str | None = NOT_KNOWN
        self._look_again = -inf
        self._looking: asyncio.Task[None] | None = None

    async def reason(self, patience: float) -> str | None:
        """Why no agent can be started, and what to do; None if they can, `NOT_KNOWN` while nothing is known.

        Waits at most `patience` seconds for the first answer, and hardly for a newer one than the last. An answer is
        good for `look_lifetime`.
        """
        if loop_seconds() >= self._look_again:
            if self._looking is None:
                self._looking = asyncio.create_task(self._look(), name="is opencode there")
            await asyncio.wait({self._looking}, timeout=patience if self._last == NOT_KNOWN else GLANCE)
        return self._last

    async def close(self) -> None:
        """Cancel the check that is under way."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        try:
            self._last = await self._find_out()
        finally:
            self._look_again = loop_seconds() + self._settings.look_lifetime
            self._looking = None

    async def _find_out(self) -> str | None:
        """Find the executable and its home. Log a remark on them once."""
        try:
            choice = await settle(self._settings, self._path)
        except AgentUnavailable as error:
            self.binary = self.note = None
            return error.message
        own = self._settings.own_home
        notes = " ".join(note for note in (choice.note, own.reason if own is not None else None) if note)
        if notes and notes != self.note:
            log.warning("another version of opencode is here", what_follows=notes)
        self.binary, self.note = choice.used.binary, notes or None
        return None
