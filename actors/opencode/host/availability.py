"""Whether agents can be started here: found out beside those who ask, who get what was known last rather than wait."""

import asyncio
from math import inf
from pathlib import Path

from ....domain.errors import AgentUnavailable
from ..settings import OpencodeSettings
from .binary import find_binary, read_version, supported, wrong_version

GLANCE = 0.25
"""Seconds that anybody waits for a newer answer than the last."""
NOT_KNOWN = "It is not known yet whether opencode can be used: it has not told its version so far."


class Availability:
    """Looks at the executable now and then; `path` is where it is searched for."""

    def __init__(self, settings: OpencodeSettings, path: str) -> None:
        self._settings, self._path = settings, path
        self.binary: Path | None = None
        self._checked: tuple[Path, float, str | None] | None = None
        self._last: str | None = NOT_KNOWN
        self._look_again = -inf
        self._looking: asyncio.Task[None] | None = None

    async def reason(self, patience: float) -> str | None:
        """Why no agent can be started, saying what to do; None if they can, `NOT_KNOWN` while nothing is known.

        Waits `patience` seconds at most for the first answer, and hardly for a newer one than the last. An answer is good for `look_lifetime`.
        """
        if asyncio.get_running_loop().time() >= self._look_again:
            if self._looking is None:
                self._looking = asyncio.create_task(self._look(), name="is opencode there")
            await asyncio.wait({self._looking}, timeout=patience if self._last == NOT_KNOWN else GLANCE)
        return self._last

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        try:
            self._last = await self._find_out()
        finally:
            self._look_again = asyncio.get_running_loop().time() + self._settings.look_lifetime
            self._looking = None

    async def _find_out(self) -> str | None:
        """Find the executable, and ask a new one for its version."""
        try:
            binary, made = await asyncio.to_thread(self._find)
            self.binary = binary
            if self._checked is None or self._checked[:2] != (binary, made):
                version = await read_version(binary, self._path, self._settings.version_limit)
                self._checked = (binary, made, None if supported(version) else wrong_version(version))
        except AgentUnavailable as error:
            self.binary = None
            return error.message
        return self._checked[2]

    def _find(self) -> tuple[Path, float]:
        """The executable, and when it was made. Blocking."""
        binary = find_binary(self._settings.binary, self._settings.tools_dir, self._path)
        try:
            return binary, binary.stat().st_mtime
        except OSError as error:
            raise AgentUnavailable(f"{binary} can't be read: {error.strerror}.") from None
