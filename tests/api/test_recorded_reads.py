"""Reads that are recorded make the log longer, so each caller's are limited: at every address that has them."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.service import API, Answer, Running, running

from opencode_ledger.actors.twins.virtual_clock import VirtualClock
from opencode_ledger.domain.principals import Principal
from opencode_ledger.http.route import Route
from opencode_ledger.http.routes import ROUTES
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web import rate_limit
from opencode_ledger.http.web.errors import TooManyReads

READS = [route for route in ROUTES if route.method == "GET"]
RECORDED = [route for route in READS if route.recorded]
FEW = 3
ANNA, BEN = "the-token-of-the-auditor-anna", "the-token-of-the-auditor-ben"


@pytest.fixture
async def api(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """A service with two auditors, each of whom may read a few times at once, and then once in a quarter of an hour."""
    monkeypatch.setattr(rate_limit, "READS_AT_ONCE", FEW)
    monkeypatch.setattr(rate_limit, "READS_PER_SECOND", 1 / 900)
    file = tmp_path / "tokens"
    file.write_text(f"anna = all: {ANNA}\nben = all: {BEN}\n")
    file.chmod(0o600)
    async with running(settings.model_copy(update={"token_file": file}), tmp_path / "home", token=ANNA) as service:
        yield service


def address(route: Route, codebase: str) -> str:
    return re.sub(r"\{\w+(:[^}]+)?\}", "0", route.path.replace("{codebase_id}", codebase))


async def answer_to(api: Running, path: str, token: str = ANNA) -> Answer:
    """The answer; of one that goes on, only its head."""
    async with api.client.get(path, headers={"Authorization": f"Bearer {token}"}) as answer:
        body = await answer.json() if answer.status >= 400 and answer.content_type == "application/json" else None
        return Answer(answer.status, body, answer.headers)


async def test_which_reads_are_recorded(api: Running, subtests: pytest.Subtests) -> None:
    """Exactly those that the table of addresses marks."""
    codebase = await api.register()
    assert {route.address for route in RECORDED} == {
        f"{API}/events",
        f"{API}/codebases/{{codebase_id}}/log/export",
        f"{API}/codebases/{{codebase_id}}/log/outputs",
    }
    assert len(RECORDED) <= FEW
    for route in READS:
        with subtests.test(route.path):
            before = api.service.store.head
            answer = await answer_to(api, address(route, codebase))
            assert answer.status != 429
            assert (api.service.store.head > before) == route.recorded


async def test_too_many_recorded_reads(api: Running, subtests: pytest.Subtests) -> None:
    """One more is 429 with the seconds to wait, at each of the addresses, and records nothing; all else goes on."""
    codebase = await api.register()
    for _ in range(FEW):
        assert (await answer_to(api, f"{API}/events")).status == 200
    before = api.service.store.head
    for route in RECORDED:
        with subtests.test(route.path):
            answer = await answer_to(api, address(route, codebase))
            assert (answer.status, answer.body["code"], set(answer.body)) == (429, "too_many_reads", {"detail", "code"})
            assert 0 < int(answer.headers["Retry-After"]) <= 900
            assert "anna" in answer.body["detail"]
    assert api.service.store.head == before
    for path in (f"/codebases/{codebase}/events", f"/codebases/{codebase}/log", "/log/checkpoint", "/codebases"):
        assert (await answer_to(api, API + path)).status == 200
    assert (await api.post(f"/codebases/{codebase}/tasks", {"title": "t", "prompt": "p"}))["success"]
    assert (await answer_to(api, f"{API}/events", BEN)).status == 200, "each caller for itself"


async def test_without_tokens_too(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All programs of this machine are one caller then, and can't fill the log either."""
    monkeypatch.setattr(rate_limit, "READS_AT_ONCE", FEW)
    async with running(settings, tmp_path / "home") as api:
        statuses = [(await api.ask("GET", "/codebases/cb_x/log/export")).status for _ in range(FEW + 1)]
    assert statuses == [404] * FEW + [429]


async def test_a_reader_that_returns_is_not_refused() -> None:
    """Two streams that break off as soon as they begin, for an hour, beside an export every minute."""
    clock, auditor = VirtualClock(), Principal("auditor")
    pace = rate_limit.Pace(clock)
    for second in range(3600):
        await clock.advance(1)
        for due in (second % 2 == 0, second % 2 == 1, second % 60 == 0):
            if due:
                pace.recorded_read(auditor)


async def test_what_the_log_grows_by() -> None:
    """A caller that reads as fast as it can gets a burst, and then one read a second."""
    clock, caller = VirtualClock(), Principal("caller")
    pace, recorded = rate_limit.Pace(clock), 0
    for _ in range(600):
        await clock.advance(0.1)
        for _ in range(5):
            try:
                pace.recorded_read(caller)
            except TooManyReads as refused:
                assert refused.headers == {"Retry-After": "1"}
            else:
                recorded += 1
    assert recorded <= rate_limit.READS_AT_ONCE + 60 * rate_limit.READS_PER_SECOND
