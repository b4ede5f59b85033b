"""The time of a limited token's search says nothing of texts that it may not see."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.support.service import Running, running

from opencode_ledger.actors.twins.virtual_clock import VirtualClock
from opencode_ledger.domain.errors import CodebaseNotFound
from opencode_ledger.domain.principals import Principal
from opencode_ledger.http.access.tokens import Token
from opencode_ledger.http.routes import ROUTES
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web.principal import sent_by
from opencode_ledger.http.web.steady import STEP, steady

ALL, SHOP = "the-token-for-everything", "the-token-for-the-shop-alone"


@pytest.fixture
async def api(settings: Settings, tmp_path: Path) -> AsyncIterator[Running]:
    file = tmp_path / "tokens"
    file.write_text(f"all = all: {ALL}\nshop = read, @shop: {SHOP}\n")
    file.chmod(0o600)
    async with running(settings.model_copy(update={"token_file": file}), tmp_path / "home", token=ALL) as service:
        yield service


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize(
    ("work", "limited", "answered"),
    [(0.00002, True, 1), (0.12, True, 1), (0.199, True, 1), (0.201, True, 2), (0.39, True, 2), (0.12, False, 0.6)],
)
async def test_answers_come_at_steps(work: float, limited: bool, answered: float, fails: bool) -> None:
    """However long the search itself takes, for an answer as for a refusal. A token without a limit doesn't wait."""
    clock = VirtualClock(jumping=True)

    async def search(_request: web.Request) -> web.StreamResponse:
        await clock.sleep(work)
        if fails:
            raise CodebaseNotFound
        return web.Response()

    request = make_mocked_request("GET", "/")
    sent_by(request, Principal("shop"), Token(b"", frozenset(), codebases=frozenset({"shop"}) if limited else None))
    handled = asyncio.ensure_future(steady(clock, search)(request))
    await asyncio.wait({handled})
    assert (handled.exception() is not None) == fails
    assert clock.monotonic() == pytest.approx(answered * STEP)


async def test_the_search_is_such_an_answer(api: Running) -> None:
    """Nothing else is slower for a limited token; totals count only what it may see."""
    assert [route.path for route in ROUTES if route.searches] == ["/v1/opencode/search"]
    shop, mill = await api.register("shop"), await api.register("mill")
    for codebase, words in ((shop, "flour"), (mill, "flour and secrets"), (mill, "secrets")):
        await api.post(f"/codebases/{codebase}/tasks", {"title": "t", "prompt": words})
    for token, query, total in ((SHOP, "flour", 1), (SHOP, "secrets", 0), (ALL, "flour", 2), (ALL, "secrets", 2)):
        begun = asyncio.get_running_loop().time()
        found = await api.get(f"/search?q={query}", headers={"Authorization": f"Bearer {token}"})
        assert (found["total"], len(found["results"])) == (total, total)
        assert token == ALL or asyncio.get_running_loop().time() - begun >= STEP
