"""All sessions of opencode, even if it can't list some of them.

It answers a page with an error if one session of it can't be represented: a row of another program, or of an old
version. Then the time of that session's last change is searched for, and the list goes on around it.
"""

from collections.abc import AsyncIterator
from math import inf, nextafter
from typing import Final

import structlog

from ....domain.errors import AgentError
from ....domain.untrusted_json import fields, items, number, text
from ..client import UNREACHABLE, OpencodeClient

log = structlog.get_logger()

SESSIONS: Final = 500
"""Sessions that are asked for at once."""

FIRST, LAST = -(2**63), 2**63
"""Moments, in ms, before and after all that a session can have; one whose time is no number comes after them."""

FURTHER: Final = 64
"""The factor by which each step of a search looks farther back than the last."""


class SessionList:
    """The sessions of one opencode. `unlisted`: how many it can't list, at least."""

    def __init__(self, client: OpencodeClient) -> None:
        self._client = client
        self.unlisted = 0

    async def all(self) -> AsyncIterator[object]:
        """Each session, at least once, the last changed first. Raises `AgentError` if opencode doesn't answer."""
        seen: set[str] = set()
        before: float | None = None
        limit = SESSIONS
        while True:
            page = await self._page(limit, before)
            if page is None:
                moment, page = await self._around(limit, before)
                if before is not None and moment >= before:
                    break  # nothing is further back
                before, limit, full = moment, SESSIONS, True
                news = _new(page, seen)
            else:
                news, full = _new(page, seen), len(page) >= limit
                limit = SESSIONS if news else limit * 2  # where the whole page was of one moment
                # One moment is asked for twice, since a page may have ended in the middle of it.
                before = _after(page[-1]) if page else before
            for session in news:
                yield session
            if not full:
                break
        # What was changed meanwhile has moved to the front.
        for session in await self._page(SESSIONS, None) or []:
            yield session

    async def _page(self, limit: int, before: float | None, since: float | None = None) -> list[object] | None:
        """Sessions that changed before one moment and since another; None if opencode can't list them."""
        try:
            return items(await self._client.all_sessions(limit, before, since))
        except AgentError as error:
            if error.code == UNREACHABLE:
                raise
            return None

    async def _around(self, limit: int, before: float | None) -> tuple[float, list[object]]:
        """The moment of the first session that can't be listed, and those that can be listed before and beside it."""
        if before is None:
            beyond = await self._page(limit, None, LAST)
            self._pass_over(LAST, is_unlisted=beyond is None)
            return LAST, await self._readable(limit, None, LAST) if beyond is None else beyond
        while limit > 1 and await self._page(limit // 2, before) is None:
            limit //= 2
        moment = await self._moment(limit, int(before))
        self._pass_over(moment, is_unlisted=True)
        later = await self._page(limit, before, moment + 1) or []
        return moment, later + await self._readable(limit, moment + 1, moment)

    def _pass_over(self, moment: float, *, is_unlisted: bool) -> None:
        if is_unlisted:
            self.unlisted += 1
            log.warning("opencode can't list a session; it was passed over", changed_at=moment)

    async def _moment(self, limit: int, before: int) -> int:
        """The last moment from which on this number of sessions can't be listed."""
        step, good = 1, before
        while good - step > FIRST and await self._page(limit, before, good - step) is not None:
            good, step = good - step, step * FURTHER
        bad = max(good - step, FIRST)
        while good - bad > 1:
            middle = (good + bad) // 2
            if await self._page(limit, before, middle) is None:
                bad = middle
            else:
                good = middle
        return bad

    async def _readable(self, limit: int, before: int | None, moment: int) -> list[object]:
        """The sessions of a moment up to the one that can't be listed, found by halving."""
        while limit := limit // 2:
            if (page := await self._page(limit, before, moment)) is not None:
                return page
        return []


def _new(page: list[object], seen: set[str]) -> list[object]:
    """The sessions that were not seen before; they count as seen now."""
    news = [session for session in page if _name(session) not in seen]
    seen.update(map(_name, news))
    return news


def _name(session: object) -> str:
    return text(fields(session).get("id"))


def _after(session: object) -> float:
    """The moment after a session's last change; beyond all moments if it names none."""
    updated = fields(fields(session).get("time")).get("updated")
    if isinstance(updated, bool) or not isinstance(updated, int | float):
        return LAST
    return max(int(number(updated)) + 1, nextafter(number(updated), inf))
