"""The tokens of a running server: their file is read again when it changes, without a restart.

A change counts once the file stays the same for a moment, so a file that is being written is not read half. A file that
changes all the time is read all the same, or else a revoked token would stay valid meanwhile. A file that can't be used
changes nothing: the earlier tokens stay valid, and a line in the log says why.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, TypeAlias, TypeVar

import structlog

from ...domain.ports import Clock
from ...domain.secrets.masker import Secrets
from .token_file import BadTokenFile, read_tokens
from .token_record import Record, TokenRecord
from .tokens import Token, Tokens

log = structlog.get_logger()

LOOK_EVERY: Final = 0.1
"""Seconds between two looks at the file."""
STEADY: Final = 0.05
"""Seconds for which a changed file must stay the same. Longer than a file system's clock ticks, so no write is missed."""
LONGEST_WAIT: Final = 0.3
"""Seconds after which a changed file is read, even if it still changes. All three are well within the promised second."""
T = TypeVar("T")

Print: TypeAlias = tuple[int, ...] | None
"""What differs between two states of the file; None where there is no file."""

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
        self._record, self._revoke = TokenRecord(record, tokens.rights, clock), revoke
        self._read: Print = None  # so the file is read once more: it may have changed since
        self._seen: Print = None
        self._changing_since: float | None = None
        self._asked = asyncio.Event()
        self._thread: ThreadPoolExecutor | None = None

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
        """Follow the file until cancelled."""
        # A thread of its own: the shared ones may all be busy. And a slow disk must not keep revoked tokens valid, so
        # nothing here waits until a change is recorded.
        self._thread = ThreadPoolExecutor(1, "token file")
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow(), name="token file: look")
                tasks.create_task(self._record.run(), name="token file: record")
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def settle(self) -> None:
        """Put on record which tokens are valid. If that fails, `run` tries again."""
        await self._record.settle()

    async def _follow(self) -> None:
        while True:
            await self._pause(LOOK_EVERY if self._changing_since is None else STEADY)
            try:
                await self._look()
            except Exception:
                log.exception("the token file could not be followed; trying again")

    async def _pause(self, seconds: float) -> None:
        waiting = asyncio.ensure_future(self._asked.wait())
        pause = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({waiting, pause}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            pause.cancel()

    async def _look(self) -> None:
        now, before, time = await self._away(_print_of, self._path), self._seen, self._clock.monotonic()
        self._seen = now
        if now == self._read and not self._asked.is_set():
            self._changing_since = None
            return
        if self._changing_since is None:
            self._changing_since = time
        elif now == before or time - self._changing_since >= LONGEST_WAIT:
            self._asked.set()
        if self._asked.is_set():
            self._asked.clear()
            self._changing_since = None
            self._read = now if now == before else None  # a file that may still change is read once more
            await self._take()

    async def _away(self, work: Callable[[Path], T], path: Path) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, path)

    async def _take(self) -> None:
        try:
            tokens = await self._away(lambda path: read_tokens(path, self._secrets), self._path)
        except BadTokenFile as error:
            log.error("the token file can't be used; the earlier tokens stay valid", reason=error.message)
            return
        if tokens is None or tokens.all == self._tokens.all:
            return
        former, self._tokens = self._tokens, tokens
        self._revoke(former.all - tokens.all, tokens.all)
        former_names = frozenset(token.principal.by for token in former.all - tokens.all if token.name)
        self._record.changed(tokens.rights, former_names & tokens.rights.keys())
        log.info("the tokens were read again", valid=sorted(tokens.rights))


def _print_of(path: Path) -> Print:
    with suppress(OSError):
        found = path.stat()  # through links: services get their secrets behind them
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)
    return None
