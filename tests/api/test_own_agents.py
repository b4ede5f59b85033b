"""Agents that turn to the service that runs them: refused and on record, but for whether it lives."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.service import LIMIT, Running, running

from opencode_ledger.domain.callers import ANOTHER, UNKNOWN, Caller, OwnAgent
from opencode_ledger.domain.errors import CalledByAgent, CallerUnknown
from opencode_ledger.domain.ids import CodebaseId, Sequence
from opencode_ledger.http.routes import ROUTES
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web.refused_access import LONGEST_CALL, MOST_CALLS

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


async def recorded(api: Running, codebase: str) -> list[dict[str, Any]]:
    """The refused requests of a codebase's agent, as the log has them."""
    events = await api.service.store.read_stream(CodebaseId(codebase), Sequence(0), 1000)
    return [json.loads(event.data) for event in events if event.topic == "access"]


@pytest.fixture
async def busy(api: Running) -> tuple[Running, CodebaseId, str]:
    """A service whose agent asks leave; and the permission's address."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"})
    asked = await (await api.agent_at_work(codebase)).ask("bash", {"command": "rm -rf build"})
    return api, codebase, f"/codebases/{codebase}/permissions/perm_{asked.removeprefix('per_')}"


async def test_an_agent_does_not_answer_itself(busy: tuple[Running, CodebaseId, str]) -> None:
    """An agent that approves what it asked itself is refused, the question stays, and its log says that it tried."""
    api, codebase, permission = busy
    api.agents.callers = [OwnAgent(codebase, "curl")]
    answer = await api.ask("POST", permission, {"reply": "once"}, headers={"X-Request-ID": "mine"})
    assert (answer.status, answer.body["code"]) == (403, "called_by_agent")
    assert answer.body["detail"] == str(CalledByAgent())
    [event] = await recorded(api, codebase)
    assert (event["calls"], event["times"], event["program"]) == (
        [f"POST /v1/opencode{permission}"],
        1,
        "curl",
    )
    assert event["correlation_id"] == "mine"
    assert event["session_id"].startswith("sess_")
    api.agents.callers = []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{api.port}/v1/opencode/") as person:
        async with person.get(f"codebases/{codebase}/permissions") as waiting:
            assert (await waiting.json())["total"] == 1
        async with person.post(permission.removeprefix("/"), json={"reply": "once"}) as given:
            assert given.status == 200


async def test_whatever_it_asks_for(busy: tuple[Running, CodebaseId, str], subtests: pytest.Subtests) -> None:
    """No address answers an agent, by whatever method; but it may know that the service lives."""
    api, codebase, _ = busy
    head = api.service.store.head
    api.agents.callers = [OwnAgent(codebase, "curl")]
    addresses = {route.path.replace("{codebase_id}", codebase) for route in ROUTES} | {
        "/nothing",
        "/healthz/",
        "/x?y=z",
    }
    for address in sorted(addresses - {"/healthz"}):
        for method in METHODS:
            with subtests.test(f"{method} {address}"):
                async with api.client.request(method, address) as answer:
                    assert answer.status == 403
                    assert method == "HEAD" or (await answer.json())["code"] == "called_by_agent"
    async with api.client.head("/healthz") as answer:
        assert answer.status == 200
    assert await api.get("/healthz") == {"status": "ok"}
    assert api.service.store.head == head + 1


async def test_its_connection_is_looked_at_once(busy: tuple[Running, CodebaseId, str]) -> None:
    """A connection is looked at with its first request after an agent came, and no more; one that was nobody's stays so."""
    api, codebase, _ = busy
    looks = api.agents.looks
    assert looks == 0
    expected: list[tuple[Caller, int]] = [(OwnAgent(codebase, "curl"), 403), (UNKNOWN, 403), (ANOTHER, 200)]
    for caller, status in expected:
        connector = aiohttp.TCPConnector(limit=1)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{api.port}", connector=connector) as client:
            api.agents.callers = []
            async with client.get("/v1/opencode/codebases") as answer:
                assert answer.status == 200
            assert api.agents.looks == looks
            api.agents.callers = [caller]
            for _ in range(5):
                async with client.get("/v1/opencode/codebases") as answer:
                    assert answer.status == status
            looks += 1
            assert api.agents.looks == looks
            api.agents.callers = []
            async with client.get("/v1/opencode/codebases") as answer:
                assert answer.status == status


async def test_who_can_not_be_seen(busy: tuple[Running, CodebaseId, str]) -> None:
    """A caller that may be an agent is refused in words that say what to do, and no agent is blamed for it."""
    api, codebase, permission = busy
    api.agents.callers = [UNKNOWN]
    for method, address in (("POST", permission), ("GET", "/codebases")):
        answer = await api.ask(method, address, {"reply": "once"} if method == "POST" else None)
        assert (answer.status, answer.body["code"]) == (403, "caller_unknown")
        assert answer.body["detail"] == str(CallerUnknown())
    assert await recorded(api, codebase) == []
    assert await api.get("/healthz")


async def test_a_stream_is_a_request(busy: tuple[Running, CodebaseId, str]) -> None:
    """An agent gets no event stream, not of its own codebase either; one that a person reads goes on."""
    api, codebase, _ = busy
    url = f"/v1/opencode/codebases/{codebase}/events"
    async with api.client.get(url) as mine:
        assert mine.status == 200
        await mine.content.readuntil(b"\n\n")
        api.agents.callers = [OwnAgent(codebase, "node")]
        async with api.client.get(url) as theirs:
            assert theirs.status == 403
        seen = b""
        while b"event: access" not in seen:
            seen = await mine.content.readuntil(b"\n\n")


async def test_a_flood_is_counted(busy: tuple[Running, CodebaseId, str]) -> None:
    """An agent that asks without end makes one event, and one with the count; each names what was asked, as far as there is room."""
    api, codebase, _ = busy
    api.agents.callers = [OwnAgent(codebase, "curl")]
    for number in range(MOST_CALLS * 3):
        assert (await api.ask("GET", f"/tasks/{'x' * 600 if number == 1 else number}")).status == 403
    assert len(await recorded(api, codebase)) == 1
    await api.shutdown.run()
    first, rest = await recorded(api, codebase)
    assert (first["times"], rest["times"]) == (1, MOST_CALLS * 3 - 1)
    assert len(rest["calls"]) == MOST_CALLS
    assert len(rest["calls"][0]) == LONGEST_CALL
    assert rest["calls"][1] == "GET /v1/opencode/tasks/2"


async def test_an_agent_of_no_codebase(busy: tuple[Running, CodebaseId, str]) -> None:
    """An opencode that works on no codebase, or on one that is deleted by now, is refused all the same."""
    api, codebase, _ = busy
    other = await api.register("other")
    assert (await api.ask("DELETE", f"/codebases/{other}")).status == 200
    head = api.service.store.head
    for agent in (OwnAgent(None, "opencode"), OwnAgent(other, "sh"), OwnAgent(CodebaseId("cb_unknown"), "sh")):
        api.agents.callers = [agent]
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{api.port}") as client,
            client.delete(f"/v1/opencode/codebases/{codebase}") as answer,
        ):
            assert (answer.status, (await answer.json())["code"]) == (403, "called_by_agent")
    assert api.service.store.head == head


async def test_who_leaves_before_the_answer_is_on_record(busy: tuple[Running, CodebaseId, str]) -> None:
    """A refused request is recorded though its sender doesn't wait for the answer."""
    api, codebase, permission = busy
    api.agents.callers = [OwnAgent(codebase, "sh")]
    _, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(f"POST /v1/opencode{permission} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())
    await writer.drain()
    writer.close()
    async with asyncio.timeout(LIMIT):
        while not await recorded(api, codebase):
            await asyncio.sleep(0.002)


async def test_with_tokens_nobody_is_looked_at(settings: Settings, tmp_path: Path) -> None:
    """Where a token is asked for, an agent has none, and that is enough."""
    async with running(settings, tmp_path / "home", token="a-secret-of-the-operators") as api:
        api.agents.callers = [OwnAgent(CodebaseId("cb_1"), "curl")]
        assert await api.register()
        async with api.client.get("/v1/opencode/codebases", headers={"Authorization": ""}) as answer:
            assert answer.status == 401
        assert api.agents.looks == 0
