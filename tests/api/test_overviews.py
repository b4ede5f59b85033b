"""What each codebase is doing, in the list of codebases and in the stream of all overviews."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from tests.support.described import validates
from tests.support.service import API, LIMIT, Running, becomes, eventually, running

from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.settings import Settings

from .test_refusals import assert_refused

STREAM = "/overview/events"
IDLE = {"reason": None, "says": None, "queued": 0, "waiting": 0, "session": None, "cost": 0.0, "cost_today": 0.0}


class Watcher:
    """A reader of the stream: what it was sent, and what it knows of each codebase by now."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response, self._body = response, bytearray()
        self.ids = list[int]()
        self.sent = list[Any]()
        self.known = dict[str, Any]()

    async def next(self) -> Any:
        """The next event's data."""
        async with asyncio.timeout(LIMIT):
            while b"\n\n" not in self._body:
                piece = await self._response.content.readany()
                if not piece:
                    raise EOFError
                self._body += piece
        frame, _, rest = bytes(self._body).partition(b"\n\n")
        self._body = bytearray(rest)
        lines = [line for line in frame.split(b"\n") if not line.startswith((b":", b"retry"))]
        number, event, data = (line.partition(b": ")[2] for line in lines)
        assert event == b"overview"
        sent = {"id": number.decode(), "event": event.decode(), "data": orjson.loads(data)}
        assert validates("#/components/schemas/OverviewEvent", sent), sent
        self._take(int(number), sent["data"])
        return sent["data"]

    def _take(self, number: int, data: Any) -> None:
        codebase = data["codebase"]["id"]
        assert not self.ids or number > self.ids[-1], "ids rise, so a reader can return with the last"
        assert self.known.get(codebase) != data, "nothing is sent twice"
        self.ids.append(number)
        self.sent.append(data)
        self.known[codebase] = data

    async def until(self, state: str) -> Any:
        """The next event that shows a state."""
        while True:
            data = await self.next()
            if data["overview"] and data["overview"]["state"] == state:
                return data["overview"]


@asynccontextmanager
async def watching(api: Running, cursor: int | None = None) -> AsyncGenerator[Watcher]:
    """A reader, from the beginning or after an event's id."""
    headers = {} if cursor is None else {"Last-Event-ID": str(cursor)}
    async with api.client.get(API + STREAM, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        yield Watcher(response)


async def overview(api: Running, codebase: CodebaseId) -> Any:
    """A codebase's overview in the list."""
    return next(one["overview"] for one in await api.get("/codebases") if one["id"] == codebase)


async def test_a_day_s_work(api: Running) -> None:
    """Each GET right after an answer shows the state in words, what waits, the last session, and what it cost."""
    codebase = await api.register("shop")
    idle = await overview(api, codebase)
    assert idle == {**IDLE, "state": "idle", "since": idle["since"], "tokens": {"input": 0, "output": 0}}
    started = await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Add tests\nfor the cart"})
    running = await overview(api, codebase)
    session = {"id": started["session_id"], "prompt": "Add tests", "status": "running", "started_at": running["since"]}
    assert (running["state"], running["session"]) == ("running", session)
    agent = await api.agent_at_work(codebase)
    await agent.say("Let me see.\nI look at the cart")
    await becomes(lambda: said(api, codebase), "I look at the cart")
    await api.post(f"/codebases/{codebase}/tasks", {"title": "Next", "prompt": "Then this"})
    asked = await agent.ask("bash", {"command": "ls"})
    asking = await overview(api, codebase)
    assert (await api.get(f"/codebases/{codebase}"))["overview"] == asking
    assert (asking["state"], asking["queued"], asking["waiting"]) == ("needs_you", 1, 1)
    await api.post(f"/codebases/{codebase}/permissions/perm_{asked.removeprefix('per_')}", {"reply": "once"})
    assert {**await overview(api, codebase), "says": None} == {**running, "queued": 1, "says": None}
    await api.post(f"/codebases/{codebase}/interrupt")
    assert (await overview(api, codebase))["state"] == "interrupted"
    await api.post(f"/codebases/{codebase}/stop")
    await becomes(lambda: state(api, codebase), "running")
    assert (await overview(api, codebase))["session"]["prompt"] == "Then this"
    await (await api.agent_at_work(codebase)).end("Done.")
    await becomes(lambda: state(api, codebase), "idle")
    used = await overview(api, codebase)
    assert (await api.get(f"/codebases/{codebase}"))["overview"] == used
    whole = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert used["cost"] == used["cost_today"] == sum(one["cost"] for one in whole)
    assert used["tokens"]["input"] == sum(one["tokens"].get("input", 0) for one in whole)


async def state(api: Running, codebase: CodebaseId) -> object:
    return (await overview(api, codebase))["state"]


async def said(api: Running, codebase: CodebaseId) -> object:
    return (await overview(api, codebase))["says"]


async def test_waiting_for_a_slot_and_failing(tmp_path: Path) -> None:
    """Work without a slot says so, a session without one too; a failure says why until the next start."""
    async with running(Settings(data=tmp_path / "data", max_agents=1), tmp_path / "home") as api:
        first, second, third = [await api.register(name) for name in ("first", "second", "third")]
        await api.post(f"/codebases/{first}/trigger", {"prompt": "x"})
        await api.post(f"/codebases/{second}/trigger", {"prompt": "y"})
        await api.post(f"/codebases/{third}/tasks", {"title": "z", "prompt": "z"})
        assert [await state(api, each) for each in (first, second, third)] == ["running", *["waiting_for_slot"] * 2]
        assert (await overview(api, second))["session"]["status"] == "pending"
        agent = await api.agent_at_work(first)
        await agent.end(error="The provider refuses more requests.")
        await becomes(lambda: state(api, first), "failed")
        failed = await overview(api, first)
        assert failed["reason"] == "The provider refuses more requests."
        await api.ask("PATCH", f"/codebases/{first}", {"description": "still failed"})
        assert await overview(api, first) == failed
        for codebase in (second, third):
            await (await api.agent_at_work(codebase)).end()
        await api.post(f"/codebases/{first}/trigger", {"prompt": "again"})
        assert (await overview(api, first))["reason"] is None


async def test_the_stream_shows_what_the_list_shows(api: Running) -> None:
    """First each codebase, then each change; and at every rest what is known is what the list shows."""
    shop, bank = await api.register("shop"), await api.register("bank")
    async with watching(api) as watcher:
        assert [(await watcher.next())["codebase"]["name"] for _ in range(2)] == ["shop", "bank"]
        await api.post(f"/codebases/{bank}/trigger", {"prompt": "x"})
        await watcher.until("running")
        agent = await api.agent_at_work(bank)
        asked = await agent.ask("bash", {"command": "ls"})
        await watcher.until("needs_you")
        await api.post(f"/codebases/{bank}/permissions/perm_{asked.removeprefix('per_')}", {"reply": "once"})
        await watcher.until("running")
        await agent.end("Done.")
        await watcher.until("idle")
        await api.ask("PATCH", f"/codebases/{shop}", {"description": "only the list shows it"})
        assert (await api.get("/codebases"))[0]["description"] == "only the list shows it"
        await api.ask("PATCH", f"/codebases/{shop}", {"name": "store"})
        assert (await watcher.next())["codebase"] == {"id": shop, "name": "store"}
        new = await api.register("new")
        assert (await watcher.next())["codebase"] == {"id": new, "name": "new"}
        shown = {one["id"]: (one["name"], one["overview"]) for one in await api.get("/codebases")}
        assert {id_: (one["codebase"]["name"], one["overview"]) for id_, one in watcher.known.items()} == shown
        await api.ask("DELETE", f"/codebases/{new}")
        gone = {"codebase": {"id": new, "name": "new"}, "overview": None}
        while (await watcher.next()) != gone:
            pass
    async with watching(api) as late:
        assert {(await late.next())["codebase"]["id"] for _ in range(2)} == {shop, bank}
        await api.ask("PATCH", f"/codebases/{shop}", {"name": "last"})
        assert (await late.next())["codebase"]["name"] == "last", "nothing of the deleted codebase came before"


async def test_a_reader_that_returns_anywhere(api: Running) -> None:
    """After any event, a reader that returns with its id learns the rest, and nothing that it knows already."""
    codebases = [await api.register(name) for name in "abcde"]
    for codebase in codebases[1:3]:
        await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"})
        await api.agent_at_work(codebase)
    await api.ask("DELETE", f"/codebases/{codebases[4]}")
    async with watching(api) as whole:
        everything = [await whole.next() for _ in range(4)]
    for count in range(5):
        async with watching(api, whole.ids[count - 1] if count else 0) as late:
            rest = [await late.next() for _ in everything[count:]]
            assert rest == everything[count:]
            assert late.ids == whole.ids[count:]
    cursor = whole.ids[-1]
    await api.post(f"/codebases/{codebases[0]}/trigger", {"prompt": "y"})
    await api.ask("DELETE", f"/codebases/{codebases[3]}")
    await api.agent_at_work(codebases[0])
    async with watching(api, cursor) as late:
        changed = {(one := await late.next())["codebase"]["id"]: one["overview"] for _ in range(3)}
        assert changed[codebases[4]] is None, "it was deleted after what the reader knows"
        assert changed[codebases[3]] is None
        assert changed[codebases[0]]["state"] == "running"


async def test_a_restart_keeps_the_reader_s_place(tmp_path: Path) -> None:
    """A reader that returns after a restart learns what changed since, also what the restart itself changed."""
    settings = Settings(data=tmp_path / "data")
    async with running(settings, tmp_path / "home") as api:
        quiet, busy = await api.register("quiet"), await api.register("busy")
        await api.post(f"/codebases/{busy}/trigger", {"prompt": "x"})
        await api.agent_at_work(busy)
        async with watching(api) as watcher:
            await watcher.next()
            await watcher.until("running")
            cursor = watcher.ids[-1]
    async with running(settings, tmp_path / "home") as api, watching(api, cursor) as watcher:
        stopped = await watcher.next()
        assert (stopped["codebase"]["id"], stopped["overview"]["state"]) == (busy, "interrupted")
        assert stopped["overview"]["reason"] == "The server was stopped while the agent was running."
        assert quiet not in watcher.known


async def test_what_is_refused(api: Running, settings: Settings) -> None:
    """Cursors and queries are checked, and its readers count among the streams."""
    await api.register()
    for cursor in ("x", "-1", "9" * 20):
        assert_refused(await api.ask("GET", STREAM, headers={"Last-Event-ID": cursor}), 400, "bad_cursor")
    ahead = await api.ask("GET", STREAM, headers={"Last-Event-ID": "999"})
    assert_refused(ahead, 409, "cursor_ahead")
    assert_refused(await api.ask("GET", f"{STREAM}?session_id=sess_1"), 400, "invalid_input")
    assert_refused(await api.ask("POST", STREAM, {}), 405, "method_not_allowed")
    async with watching(api) as watcher:
        await watcher.next()
        assert api.service.streams.open == 1
    await eventually(lambda: api.service.streams.open == 0)


async def test_a_shutdown_ends_it(api: Running) -> None:
    """At the end of the service a reader sees the end of the stream, after the last states."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"})
    await api.agent_at_work(codebase)
    async with watching(api) as watcher:
        await watcher.until("running")
        ending = asyncio.create_task(api.shutdown.run())
        with pytest.raises(EOFError):
            while True:
                await watcher.next()
        await ending
