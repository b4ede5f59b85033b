"""The logins that are valid now. A file keeps them, so that a restart signs nobody out.

Each login stands for a token and is valid only as long as that token is. Neither the token nor what the browser holds is
kept: only digests of both.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Final

import structlog
from pydantic import BaseModel, TypeAdapter, ValidationError

from ....domain.ports import Clock
from ....projections.private_file import make_private

log = structlog.get_logger()

LIFETIME: Final = timedelta(days=7)
"""After this time a person signs in again."""

MOST: Final = 20
"""The most logins of one token. Its oldest end first, so that no token ends another one's."""

LOGIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""What a browser holds: 32 random bytes."""


class Kept(BaseModel):
    """A login as it is kept: the digest of its token in hexadecimal, and its end."""

    token: str
    until: datetime


_FILE: Final = TypeAdapter(dict[str, Kept])


@dataclass(frozen=True)
class Begun:
    """A new login: what the browser gets, and until when it is valid."""

    login_id: str
    until: datetime


class Logins:
    """All logins of one service, by the digest of what the browser holds."""

    def __init__(self, file: Path, clock: Clock, kept: Mapping[str, Kept] | None = None) -> None:
        self._file, self._clock = file, clock
        self._kept = dict(kept or {})
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, file: Path, clock: Clock) -> "Logins":
        """Read the file. If it is missing or damaged, nobody is signed in."""
        return cls(file, clock, await asyncio.to_thread(_read, file))

    async def begin(self, token: bytes) -> Begun:
        """A new login for the token with this digest."""
        now = self._clock.now()
        begun = Begun(token_urlsafe(32), now + LIFETIME)
        valid = {key: one for key, one in self._kept.items() if one.until > now}
        own = sorted((key for key, one in valid.items() if one.token == token.hex()), key=lambda key: valid[key].until)
        for oldest in own[: -(MOST - 1)]:
            del valid[oldest]
        self._kept = {**valid, _digest(begun.login_id): Kept(token=token.hex(), until=begun.until)}
        await self._keep()
        return begun

    async def end(self, login_id: str) -> None:
        """End a login, if it is valid."""
        if self._kept.pop(_digest(login_id), None):
            await self._keep()

    def token_of(self, login_id: str) -> bytes | None:
        """The digest of the token that a login stands for, or None if it is not valid."""
        kept = self._kept.get(_digest(login_id))
        return bytes.fromhex(kept.token) if kept and kept.until > self._clock.now() else None

    async def _keep(self) -> None:
        async with self._writing:
            try:
                await asyncio.to_thread(_write, self._file, _FILE.dump_json(self._kept))
            except OSError as error:  # the disk is full, say: signing in works, and ends with the process
                log.warning("logins are valid only until the next restart", reason=str(error))


def _digest(login_id: str) -> str:
    return sha256(login_id.encode()).hexdigest()


def _read(file: Path) -> dict[str, Kept]:
    try:
        return _FILE.validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return {}


def _write(file: Path, content: bytes) -> None:
    new = file.with_suffix(".new")
    make_private(new)
    new.write_bytes(content)
    new.replace(file)
