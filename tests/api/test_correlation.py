"""Each request's name: in its answer, in its events and in its log lines."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict
from tests.support.service import Running, eventually, running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.events.wire import decode
from opencode_ledger.domain.ids import CodebaseId, Sequence
from opencode_ledger.http import app
from opencode_ledger.http.api.service import Service
from opencode_ledger.http.api.shapes import responses
from opencode_ledger.http.route import Route
from opencode_ledger.http.routes import ROUTES
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web.correlation import correlation_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


async def history(api: Running, codebase: CodebaseId) -> list[e.Event]:
    return [decode(r) for r in await api.service.store.read_stream(codebase, Sequence(0), 1000)]


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"X-Request-ID": "abc.DEF_123:4-5"}, "abc.DEF_123:4-5"),
        ({"X-Request-ID": "x" * 128}, "x" * 128),
        ({"X-Request-ID": "mine", "traceparent": PARENT}, "mine"),
        ({"traceparent": PARENT}, TRACE),
        ({"X-Request-ID": "not a name", "traceparent": PARENT}, TRACE),
        ({"traceparent": f"01-{TRACE}-00f067aa0ba902b7-01-what-is-new"}, TRACE),
    ],
)
def test_a_request_brings_its_name(headers: Mapping[str, str], name: str) -> None:
    """A request is called what its `X-Request-ID` says, else by the trace id of its `traceparent`."""
    request = make_mocked_request("GET", "/", headers=headers)
    assert correlation_of(request) == correlation_of(request) == name


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("X-Request-ID", ""),),
        (("X-Request-ID", "x" * 129),),
        (("X-Request-ID", "two words"),),
        (("X-Request-ID", "né"),),
        (("X-Request-ID", "٣"),),
        (("X-Request-ID", "a"), ("X-Request-ID", "a")),
        (("traceparent", PARENT), ("traceparent", PARENT)),
        (("traceparent", PARENT.upper()),),
        (("traceparent", f"{PARENT}-more"),),
        (("traceparent", f"ff-{TRACE}-00f067aa0ba902b7-01"),),
        (("traceparent", f"00-{'0' * 32}-00f067aa0ba902b7-01"),),
        (("traceparent", f"00-{TRACE}-{'0' * 16}-01"),),
        (("traceparent", TRACE),),
    ],
)
def test_a_request_without_a_valid_name_gets_a_new_one(headers: tuple[tuple[str, str], ...]) -> None:
    """What is no valid name is passed over; each such request gets a name of its own."""
    names = {correlation_of(make_mocked_request("GET", "/", headers=CIMultiDict(headers))) for _ in range(2)}
    assert len(names) == 2
    assert all(len(name) == 32 and name.isalnum() for name in names)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/status"), ("GET", "/nothing"), ("PUT", "/codebases"), ("POST", "/codebases")]
)
async def test_every_answer_names_its_request(api: Running, method: str, path: str) -> None:
    """Every answer, also a refusal, carries the request's name in `X-Request-ID`, given or new."""
    assert (await api.ask(method, path, headers={"X-Request-ID": "mine"})).headers["X-Request-ID"] == "mine"
    assert len((await api.ask(method, path)).headers["X-Request-ID"]) == 32


async def test_a_stream_names_its_request(api: Running) -> None:
    """The answer that an event stream begins with names its request as any other."""
    url = f"/v1/opencode/codebases/{await api.register()}/events"
    async with api.client.get(url, headers={"X-Request-ID": "mine"}) as response:
        assert response.headers["X-Request-ID"] == "mine"


async def test_bytes_that_are_no_request_are_answered_under_a_new_name(api: Running) -> None:
    """Even the response to bytes that are not HTTP has a correlation id."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(b"nonsense\r\n\r\n")
    answer = await reader.read()
    assert answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
    assert b"\r\nX-Request-ID: " in answer
    writer.close()
    await writer.wait_closed()


async def test_events_name_the_request_that_asked_for_them(api: Running) -> None:
    """Every event that a request led to carries its name; what the agent does on its own carries none."""
    codebase = await api.register()
    path = f"/codebases/{codebase}"
    await api.ask("POST", f"{path}/trigger", {"prompt": "Go"}, headers={"X-Request-ID": "trigger-1"})
    agent = await api.agent_at_work(codebase)
    await agent.say("Hello")
    await api.ask("POST", f"{path}/stop", headers={"traceparent": PARENT})
    events = await history(api, codebase)
    named = {name: {x.topic for x in events if x.correlation_id == name} for name in ("trigger-1", TRACE, None)}
    assert named["trigger-1"] == {"session", "task", "message_sent", "status"}
    assert {"session", "task", "status", "complete"} <= named[TRACE]
    assert {"output", "message_delivered"} <= named[None] and "complete" not in named[None]
    assert events[0].correlation_id is not None  # a registration whose request had no name got a new one


async def test_a_task_that_waited_starts_in_the_name_of_its_request(settings: Settings, tmp_path: Path) -> None:
    """What a task or a trigger that waited leads to when its turn comes names the request that asked for it, not the last one."""
    strict = settings.model_copy(update={"max_agents": 1})
    async with running(strict, tmp_path / "home") as api:
        first, second = await api.register("first"), await api.register("second")
        await api.post(f"/codebases/{first}/trigger", {"prompt": "Go"})
        agent = await api.agent_at_work(first)
        task = {"title": "t", "prompt": "p"}
        await api.ask("POST", f"/codebases/{first}/tasks", task, headers={"X-Request-ID": "task-1"})
        await api.ask("POST", f"/codebases/{second}/trigger", {"prompt": "x"}, headers={"X-Request-ID": "trigger-2"})
        await agent.end()
        await (await api.agent_at_work(second)).end()
        await api.agent_at_work(first)
        queued = [event for event in await history(api, first) if event.correlation_id == "task-1"]
        waited = [event for event in await history(api, second) if event.correlation_id == "trigger-2"]
    kinds = ["task.created", "session.started", "task.started", "message_sent", "status"]
    assert [f"{event.topic}.{event.action}".removesuffix(".None") for event in queued] == kinds
    assert [type(event) for event in waited][-3:] == [e.SessionAdmitted, e.TaskStarted, e.Status]


async def test_a_sync_is_in_the_name_of_its_request(api: Running) -> None:
    """What a sync brings names the request that asked for it."""
    codebase = await api.register()
    directory = str(api.directory("my-project"))
    api.agents.histories.begin("ses_1", directory)
    api.agents.histories.prompt("ses_1", "What is this?")
    await api.ask("POST", f"/codebases/{codebase}/sessions/sync", headers={"X-Request-ID": "sync-1"})
    named = [event.topic for event in await history(api, codebase) if event.correlation_id == "sync-1"]
    assert named == ["session", "message_imported"]


async def test_the_name_stands_last_in_an_event(api: Running) -> None:
    """The name is one more member at the end of an event's data: nothing else changes its place."""
    codebase = await api.register()
    (event,) = await api.service.store.read_stream(codebase, Sequence(0), 10)
    registered = decode(event)
    named = (registered.correlation_id or "").encode()
    assert event.data.endswith(b',"correlation_id":"%b","by":"local"}' % named)


@pytest.fixture
async def lines() -> AsyncIterator[list[Mapping[str, object]]]:
    """What is logged, line by line."""
    logged: list[Mapping[str, object]] = []

    def keep(_logger: object, _name: str, line: structlog.typing.EventDict) -> str:
        logged.append(dict(line))
        raise structlog.DropEvent

    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    yield logged
    structlog.reset_defaults()


async def test_log_lines_name_their_request(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[Mapping[str, object]]
) -> None:
    """What is logged for a request names it; what an actor logs later, which that request woke, does not."""

    async def fails(_service: Service, _request: web.Request) -> web.Response:
        raise ZeroDivisionError

    monkeypatch.setattr(
        app, "ROUTES", (*ROUTES, Route("GET", "/fails", fails, responses.Done, tag="System", needs="open"))
    )
    async with running(settings, tmp_path) as api:
        async with api.client.get("/fails", headers={"X-Request-ID": "mine"}) as response:
            assert response.status == 500
        noted: list[Mapping[str, object]] = []

        async def note(_agent: ScriptedAgent, _prompt: Prompt) -> None:
            noted.append(structlog.contextvars.get_contextvars())

        api.agents.play = note
        await api.post(f"/codebases/{await api.register()}/trigger", {"prompt": "Go"})
        await eventually(lambda: noted != [])
    assert noted == [{}]
    assert [line.get("correlation_id") for line in lines if line["event"] == "request failed"] == ["mine"]
