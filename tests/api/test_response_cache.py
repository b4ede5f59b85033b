"""Responses that are cached until the views change."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.support.service import Running

from opencode_ledger.domain.errors import NotFound
from opencode_ledger.domain.ids import Position
from opencode_ledger.http.web import response_cache
from opencode_ledger.http.web.answers import json_answer
from opencode_ledger.http.web.response_cache import ResponseCache


class Asking:
    """A handler that answers with how often it was asked, over views that can be made to change in the middle of it."""

    def __init__(self) -> None:
        self.applied, self.asked, self.refuses, self.changes = Position(1), 0, False, False
        self._handle = ResponseCache(self._current, lambda: self.applied).cached(self._count)

    async def __call__(self, address: str) -> bytes:
        """What is answered at an address."""
        answer = await self._handle(make_mocked_request("GET", address))
        assert isinstance(answer, web.Response) and isinstance(answer.body, bytes)
        return answer.body

    def change(self) -> None:
        """The views show one event more."""
        self.applied = Position(self.applied + 1)

    async def _current(self) -> None:
        pass

    async def _count(self, _request: web.Request) -> web.Response:
        self.asked += 1
        if self.refuses:
            raise NotFound
        if self.changes:
            self.change()
        return json_answer(self.asked)


@pytest.fixture
def ask() -> Asking:
    return Asking()


async def test_a_response_is_cached_until_the_views_change(ask: Asking) -> None:
    """The same address is answered from memory, another one isn't, and none is after the next event."""
    assert [await ask("/a"), await ask("/a?limit=1"), await ask("/a")] == [b"1", b"2", b"1"]
    ask.change()
    assert [await ask("/a"), await ask("/a")] == [b"3", b"3"]


async def test_a_response_during_a_change_is_not_cached(ask: Asking) -> None:
    """An answer during which an event was applied may be from before it, so it is made again."""
    ask.changes = True
    assert await ask("/a") == b"1"
    ask.changes = False
    assert [await ask("/a"), await ask("/a")] == [b"2", b"2"]


async def test_a_refusal_is_not_cached(ask: Asking) -> None:
    """After a refusal, the same request is decided again."""
    ask.refuses = True
    with pytest.raises(NotFound):
        await ask("/a")
    ask.refuses = False
    assert await ask("/a") == b"2"


async def test_the_cache_is_limited(ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number of answers, or of bytes in them and their addresses, answers are made each time they are wanted."""
    monkeypatch.setattr(response_cache, "MOST_RESPONSES", 2)
    monkeypatch.setattr(response_cache, "MOST_BYTES", 20)
    assert [await ask(address) for address in ("/a", "/b", "/c", "/a", "/b", "/c")] == [
        b"1",
        b"2",
        b"3",
        b"1",
        b"2",
        b"4",
    ]
    ask.change()
    assert [await ask("/" + "a" * 30), await ask("/" + "a" * 30), await ask("/b"), await ask("/b")] == [
        b"5",
        b"6",
        b"7",
        b"7",
    ]


async def test_a_list_shows_what_was_just_done(api: Running) -> None:
    """A client that changed something sees it in the next response, however often it asked before."""
    for number in range(3):
        for _ in range(2):
            assert len(await api.get("/codebases")) == number
        await api.register(f"project-{number}")
