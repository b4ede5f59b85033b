"""`Idempotency-Key`: a command that is sent again is answered as it was, and not done again."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import pytest
from aiohttp import web
from tests.api.test_refusals import nothing_recorded
from tests.support.service import API, LIMIT, Running, eventually, running

from opencode_ledger.domain import events as e
from opencode_ledger.domain.errors import AgentUnavailable
from opencode_ledger.domain.events.imported import SessionImported
from opencode_ledger.domain.events.requests import RequestAnswered
from opencode_ledger.domain.events.wire import decode
from opencode_ledger.domain.ids import CodebaseId, Position
from opencode_ledger.http import app
from opencode_ledger.http.api.service import Service
from opencode_ledger.http.api.shapes import responses
from opencode_ledger.http.route import Route
from opencode_ledger.http.routes import CODEBASE, ROUTES
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web.answers import json_answer

Received = tuple[int, bytes]


async def send(api: Running, path: str, body: object = None, key: str = "key-1", **headers: str) -> Received:
    """A command with a key: the status and the bytes of its answer."""
    data = body if isinstance(body, bytes | None) else orjson.dumps(body)
    given = {"Idempotency-Key": key, "Content-Type": "application/json", **headers}
    async with asyncio.timeout(LIMIT), api.client.post(API + path, data=data, headers=given) as response:
        return response.status, await response.read()


def code(received: Received) -> object:
    """The status, and the code of a refusal."""
    return received[0], orjson.loads(received[1]).get("code")


async def recorded(api: Running, kind: type[e.Event] = e.Event) -> list[e.Event]:
    """All events of a kind in the log."""
    found = await api.service.store.read_all(Position(0), 10_000)
    return [event for event in map(decode, found) if isinstance(event, kind)]


async def asked_leave(api: Running, codebase: CodebaseId) -> str:
    """A permission that the codebase's agent waits for."""
    agent = await api.agent_at_work(codebase)
    asking = asyncio.create_task(agent.ask("bash"))
    found: list[e.Event] = []
    while not (found := await recorded(api, e.PermissionAsked)):
        await asyncio.sleep(0.002)
    await asking
    assert isinstance(found[0], e.PermissionAsked)
    return found[0].permission_id


async def at_work(api: Running) -> CodebaseId:
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Start"})
    await api.agent_at_work(codebase)
    return codebase


async def _register(api: Running) -> tuple[str, object]:
    return "/codebases", {"name": "my-project", "path": str(api.directory("my-project"))}


async def _trigger(api: Running) -> tuple[str, object]:
    return f"/codebases/{await api.register()}/trigger", {"prompt": "Go"}


async def _message(api: Running) -> tuple[str, object]:
    return f"/codebases/{await at_work(api)}/message", {"message": "More"}


async def _interrupt(api: Running) -> tuple[str, object]:
    return f"/codebases/{await at_work(api)}/interrupt", None


async def _stop(api: Running) -> tuple[str, object]:
    return f"/codebases/{await at_work(api)}/stop", None


async def _permission(api: Running) -> tuple[str, object]:
    codebase = await at_work(api)
    return f"/codebases/{codebase}/permissions/{await asked_leave(api, codebase)}", {"reply": "once"}


async def _task(api: Running) -> tuple[str, object]:
    return f"/codebases/{await at_work(api)}/tasks", {"title": "Tests", "prompt": "Add tests"}


async def _cancel(api: Running) -> tuple[str, object]:
    path, body = await _task(api)
    return f"/tasks/{(await api.post(path, body))['task']['id']}/cancel", None


async def _sync(api: Running) -> tuple[str, object]:
    return f"/codebases/{await api.register()}/sessions/sync", None


COMMANDS = [_register, _trigger, _message, _interrupt, _stop, _permission, _task, _cancel, _sync]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__.strip("_"))
async def test_a_repeated_command_is_answered_as_the_first(
    api: Running, command: Callable[[Running], Awaitable[tuple[str, object]]]
) -> None:
    """Whatever the command, its repetition gets the same status and the same bytes, and no event more is recorded."""
    path, body = await command(api)
    first = await send(api, path, body)
    assert first[0] == 200
    (answered,) = await recorded(api, RequestAnswered)
    assert isinstance(answered, RequestAnswered)
    assert (answered.key, answered.status, orjson.dumps(answered.answer)) == ("key-1", *first)
    before = await recorded(api)
    assert await send(api, path, body) == first
    agents_own = [event for event in await recorded(api) if event.correlation_id is not None]
    assert agents_own == [event for event in before if event.correlation_id is not None]


async def test_a_repeated_answer_says_so(api: Running) -> None:
    """An answer that was given before says so in a header, and only such a one."""
    path, body = await _trigger(api)
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    first = await api.ask("POST", path, body, headers=headers)
    again = await api.ask("POST", path, body, headers=headers)
    assert (first.headers.get("Idempotent-Replayed"), again.headers.get("Idempotent-Replayed")) == (None, "true")


async def test_a_command_without_a_key_leaves_no_trace_of_one(api: Running) -> None:
    """Without a key a command is done each time that it is sent, and no answer is kept."""
    path, body = await _task(api)
    assert (await api.post(path, body))["task"]["id"] != (await api.post(path, body))["task"]["id"]
    assert await recorded(api, RequestAnswered) == []


async def test_many_equal_requests_at_once_have_one_effect(api: Running) -> None:
    """Of many equal requests at once one is carried out, and all get its answer."""
    path, body = await _task(api)
    received = await asyncio.gather(*(send(api, path, body) for _ in range(30)))
    assert len(set(received)) == 1 and received[0][0] == 200
    assert (await api.get(path))["total"] == 2  # this one, and that of the trigger
    assert len(await recorded(api, RequestAnswered)) == 1


async def test_many_registrations_at_once_have_one_effect(api: Running) -> None:
    """A directory that is registered many times at once under one key is registered once, and nobody is refused."""
    path, body = await _register(api)
    received = await asyncio.gather(*(send(api, path, body) for _ in range(30)))
    assert len(set(received)) == 1 and received[0][0] == 200


async def test_a_key_belongs_to_one_request(api: Running) -> None:
    """A key that was used is refused with another body or another path, and nothing is recorded of that."""
    path, body = await _task(api)
    other = await api.register("other")
    await send(api, path, body)
    async with nothing_recorded(api):
        for elsewhere, otherwise in [
            (path, {"title": "Tests", "prompt": "Add more tests"}),
            (path, None),
            (f"/codebases/{other}/tasks", body),
            (f"/codebases/{other}/stop", None),
            (f"{path}?x=1", body),
        ]:
            assert code(await send(api, elsewhere, otherwise)) == (409, "idempotency_key_reused")


async def test_the_same_json_in_other_words_is_the_same_body(api: Running) -> None:
    """Spaces and the order of members make no other body; an absent body is an empty object."""
    path, _ = await _task(api)
    first = await send(api, path, b'{"title":"T","prompt":"P"}')
    assert await send(api, path, b' { "prompt": "P",\n "title": "\\u0054" } ') == first
    stop = path.removesuffix("tasks") + "stop"
    assert await send(api, stop, None, "key-2") == await send(api, stop, {}, "key-2")


@pytest.mark.parametrize("key", ["", "x" * 256, "clé", "a\tb", "\u00a0", "key\u0661"])
async def test_a_key_that_is_none_is_refused(api: Running, key: str) -> None:
    """A key is 1 to 255 printable ASCII characters; with anything else nothing is done."""
    path, body = await _task(api)
    async with nothing_recorded(api):
        assert code(await send(api, path, body, key)) == (400, "bad_idempotency_key")


async def test_two_keys_are_refused(api: Running) -> None:
    """Which of two keys would be meant can't be known."""
    path, body = await _task(api)
    two = [("Idempotency-Key", "a"), ("Idempotency-Key", "a"), ("Content-Type", "application/json")]
    async with nothing_recorded(api):
        answer = await api.ask("POST", path, body, headers=_Pairs(two))
    assert (answer.status, answer.body["code"]) == (400, "bad_idempotency_key")


class _Pairs(list[tuple[str, str]]):
    """Headers, of which one may come twice."""

    def setdefault(self, name: str, value: str) -> None:
        """Leave what is there."""


async def test_longest_key(api: Running) -> None:
    """A key of 255 characters, with spaces and quotes in it, is one like any other."""
    path, body = await _task(api)
    key = '"~ ' + "x" * 251 + '"'
    assert await send(api, path, body, key) == await send(api, path, body, key)


async def test_a_refusal_is_not_kept(api: Running) -> None:
    """After a refusal, a request with the same key is decided again, also with another body."""
    codebase = await api.register()
    path = f"/codebases/{codebase}/message"
    async with nothing_recorded(api):
        assert code(await send(api, path, {"message": "More"})) == (409, "no_active_session")
        assert code(await send(api, path, {"message": 7})) == (400, "invalid_input")
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Go"})
    assert code(await send(api, path, {"message": "More"})) == (200, None)


async def test_a_repetition_waits_for_the_first(api: Running) -> None:
    """A stop that is repeated meanwhile returns after the agent has stopped. Another body is refused."""
    path, body = await _stop(api)
    with api.agents.slow_to_abort() as released:
        asks = [asyncio.create_task(send(api, path, body)) for _ in range(5)]
        while not await recorded(api, RequestAnswered):
            await asyncio.sleep(0.002)
        assert code(await send(api, path.replace("stop", "interrupt"))) == (409, "idempotency_key_reused")
        late = asyncio.create_task(send(api, path, body))
        assert not any(ask.done() for ask in asks)
        released.set()
        assert len({*await asyncio.gather(*asks), await late}) == 1
    assert len(await recorded(api, e.SessionStopping)) == 1


async def test_a_caller_that_leaves_does_not_set_its_command_free(api: Running) -> None:
    """A caller that leaves before its answer, and asks again, finds the command under way and not once more."""
    path, body = await _stop(api)
    with api.agents.slow_to_abort() as released:
        leaving = asyncio.create_task(send(api, path, body))
        while not await recorded(api, RequestAnswered):
            await asyncio.sleep(0.002)
        leaving.cancel()
        again = asyncio.create_task(send(api, path, body))
        await api.get("/status")
        assert not again.done()
        released.set()
        assert (await again)[0] == 200
    assert len(await recorded(api, e.SessionStopping)) == 1


async def test_keys_outlive_the_server_and_its_views(settings: Settings, tmp_path: Path) -> None:
    """After a restart, and after the loss of the views, a key still has its first answer, and still its own request."""
    async with running(settings, tmp_path) as api:
        path, body = await _trigger(api)
        first = await send(api, path, body)
    (settings.data / "views.db").unlink()
    for _ in range(2):
        async with running(settings, tmp_path) as api:
            assert await send(api, path, body) == first
            assert code(await send(api, path, {"prompt": "Other"})) == (409, "idempotency_key_reused")
            assert len(await recorded(api, e.SessionStarted)) == 1


async def test_keys_outlive_their_codebase(api: Running) -> None:
    """The key of a command to a codebase that was deleted since still has its answer; a new key finds no codebase."""
    path, body = await _trigger(api)
    first = await send(api, path, body)
    assert (await api.ask("DELETE", path.removesuffix("/trigger"))).status == 200
    assert await send(api, path, body) == first
    assert code(await send(api, path, body, "key-2")) == (404, "codebase_not_found")


async def test_what_no_command_records_is_recorded_alone(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A POST that goes to no actor, or finds nothing to do, is answered again from a `request` event of its own."""
    done: list[str] = []

    async def nothing_to_do(service: Service, request: web.Request) -> web.Response:
        await service.codebase(request)
        done.append("done")
        return json_answer({"success": True, "number": len(done)})

    monkeypatch.setattr(
        app, "ROUTES", (*ROUTES, Route("POST", f"{CODEBASE}/nothing", nothing_to_do, responses.Done, tag="System"))
    )
    async with running(settings, tmp_path) as api:
        path = f"/codebases/{await api.register()}/nothing"
        before = api.service.store.head
        first = await send(api, path)
        assert first == await send(api, path) == (200, b'{"success":true,"number":1}')
        assert api.service.store.head == before + 1
        assert len(await recorded(api, RequestAnswered)) == len(done) == 1


async def test_a_sync_that_was_cut_off(api: Running) -> None:
    """A sync brings sessions one by one: repeated under its key it brings the rest, and counts no session twice."""
    codebase = await api.register()
    for name in ("ses_1", "ses_2", "ses_3"):
        api.agents.histories.begin(name, str(api.directory("my-project")))
        api.agents.histories.prompt(name, "What is this?")
    api.agents.histories.broken = {"ses_2", "ses_3"}
    path = f"/codebases/{codebase}/sessions/sync"
    assert code(await send(api, path)) == (503, "agent_unavailable")
    assert await recorded(api, RequestAnswered) == []
    api.agents.histories.broken = {"ses_3"}  # as if killed after this one, before the answer was recorded
    with pytest.raises(AgentUnavailable):
        await api.service.supervisor.sync(codebase)
    api.agents.histories.broken = set()
    first = await send(api, path)
    assert first == (200, b'{"success":true,"synced":1,"message":"Synced 1 session from OpenCode"}')
    api.agents.histories.prompt("ses_1", "And this?")
    assert await send(api, path) == first
    assert len(await recorded(api, SessionImported)) == 3


async def test_nothing_is_kept_in_memory(api: Running) -> None:
    """An actor's state is the same with keys as without."""
    path, body = await _task(api)
    await send(api, path, body)
    codebase = CodebaseId(path.split("/")[2])
    await eventually(lambda: api.service.store.head > 0)
    (actor,) = [a for a in api.service.supervisor._actors() if a.codebase == codebase]  # pyright: ignore[reportPrivateUsage]
    assert "key-1" not in repr(actor.state)
