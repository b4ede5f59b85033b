"""The tokens of a running server: their file is read again when it changes, without a restart.

A change counts once the file stays the same from one look to the next, so a file that is being written is not read half.
A file that can't be used changes nothing: the earlier tokens stay valid, and a line in the log says why.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import structlog

from ...domain.errors import LedgerError
from ...domain.ports import Clock
from ...domain.secrets.masker import Secrets
from .token_file import BadTokenFile, read_tokens
from .tokens import Token, Tokens

log = structlog.get_logger()

LOOK_EVERY: Final = 0.25
"""Seconds between two looks at the file. Two of them are well within the promised second."""

Print: TypeAlias = tuple[int, ...] | None
"""What differs between two states of the file; None where there is no file."""

Record: TypeAlias = Callable[[Mapping[str, str], frozenset[str]], Awaitable[None]]
"""Records which tokens are valid now: their rights by name, and the names with a new secret. Raises `LedgerError`."""

Revoke: TypeAlias = Callable[[frozenset[Token], frozenset[Token]], None]
"""Ends what goes on with tokens that are no longer valid: the first ones. The second ones are valid now."""


class KnownTokens(Protocol):
    """The tokens that are valid now."""

    def find(self, given: str) -> Token | None:
        """A client's token, or None if it is not valid."""
        ...

    def with_digest(self, digest: bytes) -> Token | None:
        """The token with this digest, or None if it is not valid."""
        ...


class TokenWatch:
    """Follows a token file. `read_now` from a signal; `run` in a task."""

    def __init__(
        self, path: Path, tokens: Tokens, secrets: Secrets, clock: Clock, *, record: Record, revoke: Revoke
    ) -> None:
        """`tokens`: those that were just read."""
        self._path, self._tokens, self._secrets, self._clock = path, tokens, secrets, clock
        self._record, self._revoke = record, revoke
        self._read: Print = None  # so the file is read once more: it may have changed since
        self._seen: Print = None
        self._asked = asyncio.Event()
        self._unrecorded: frozenset[str] | None = frozenset()
        self._trouble: str | None = None

    def find(self, given: str) -> Token | None:
        """A client's token, or None if it is not valid now."""
        return self._tokens.find(given)

    def with_digest(self, digest: bytes) -> Token | None:
        """The token with this digest, or None if it is not valid now."""
        return self._tokens.with_digest(digest)

    def read_now(self) -> None:
        """Read the file again, changed or not."""
        self._asked.set()

    async def run(self) -> None:
        """Look at the file until cancelled."""
        while True:
            try:
                await self.settle()
                await self._pause()
                await self._look()
            except Exception:
                log.exception("the token file could not be followed; trying again")
                await self._clock.sleep(LOOK_EVERY)

    async def settle(self) -> None:
        """Put on record which tokens are valid. If that fails, the next look tries again."""
        if self._unrecorded is None:
            return
        try:
            await self._record(self._tokens.rights, self._unrecorded)
        except LedgerError as error:
            self._say("the change of tokens could not be recorded yet", error.message)
        else:
            self._unrecorded = self._trouble = None

    async def _pause(self) -> None:
        waiting = asyncio.ensure_future(self._asked.wait())
        pause = asyncio.ensure_future(self._clock.sleep(LOOK_EVERY))
        try:
            await asyncio.wait({waiting, pause}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            pause.cancel()

    async def _look(self) -> None:
        now, before = await asyncio.to_thread(_print_of, self._path), self._seen
        self._seen = now
        if self._asked.is_set() or (now != self._read and now == before):
            self._asked.clear()
            self._read = now
            await self._take()

    async def _take(self) -> None:
        try:
            tokens = await asyncio.to_thread(read_tokens, self._path, self._secrets)
        except BadTokenFile as error:
            log.error("the token file can't be used; the earlier tokens stay valid", reason=error.message)
            return
        if tokens is None or tokens.all == self._tokens.all:
            return
        former, self._tokens = self._tokens, tokens
        self._revoke(former.all - tokens.all, tokens.all)
        renewed = {token.principal.by for token in former.all - tokens.all if token.name} & tokens.rights.keys()
        self._unrecorded = (self._unrecorded or frozenset()) | renewed
        log.info("the tokens were read again", valid=sorted(tokens.rights))

    def _say(self, event: str, reason: str) -> None:
        if reason != self._trouble:
            self._trouble = reason
            log.error(event, reason=reason)


def _print_of(path: Path) -> Print:
    with suppress(OSError):
        found = path.stat()  # through links: services get their secrets behind them
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)
    return None
