"""A codebase's name works wherever its id does: in every path, and in the commands that need no server."""

import re
from typing import Any, Final
from urllib.parse import quote

import pytest
from tests.support.command_line import Command
from tests.support.service import API, Answer, Running, becomes
from yarl import URL

from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.routes import CODEBASE, ROUTES

from .test_refusals import assert_refused, nothing_recorded

ODD_NAMES: Final = (
    *("my project", " blanks around ", "a/b", "/", "a//b/", "../..", "...", "%", "50%", "%2F", "a%2Fb", "%25", "%zz"),
    *("a?b=c", "a#b", "a+b", "a&b;c", "a:b@c", "tasks", "x/status", "x/log/export", "sync", "*", "{codebase_id}"),
    *("größe", "名前", "🦄", "e\u0301", "\u202eleft", "quote'\"", "back\\slash", "a\nb", "'; DROP TABLE codebases"),
    "x" * 200,
)


def at(name: str) -> str:
    """The path of a codebase by its name, with every character encoded that may be."""
    return f"/codebases/{quote(name, safe='')}"


async def ask(api: Running, method: str, path: str, body: object = None) -> Answer:
    """A request for exactly this path: no client may tidy it up first."""
    async with api.client.request(method, URL(API + path, encoded=True), json=body) as response:
        return Answer(response.status, await response.json(), response.headers)


async def register(api: Running, directory: str, name: str) -> CodebaseId:
    """A codebase whose name differs from its directory's."""
    body = {"name": name, "path": str(api.directory(directory))}
    return CodebaseId((await api.post("/codebases", body))["codebase"]["id"])


async def test_any_name_in_a_path(api: Running) -> None:
    """A name with any characters, percent-encoded, leads to its codebase, and to no other route."""
    ids = [await register(api, f"odd-{number}", name) for number, name in enumerate(ODD_NAMES)]
    for codebase, name in zip(ids, ODD_NAMES, strict=True):
        found = await ask(api, "GET", at(name))
        assert (found.status, found.body["id"], found.body["name"]) == (200, codebase, name)
        assert (await ask(api, "GET", f"{at(name)}/status")).body["codebase_id"] == codebase


async def test_names_that_no_codebase_has(api: Running) -> None:
    """Only the exact name counts: neither another case, nor other blanks, nor another spelling of the same characters."""
    await register(api, "one", "Shop é")
    for name in ("shop é", "Shop", "Shop é ", "Shop  é", "Shop e\u0301", "%53hop é", "Shop%20é", "Shop é/"):
        assert_refused(await ask(api, "GET", at(name)), 404, "codebase_not_found")


async def test_every_route_takes_a_name(api: Running) -> None:
    """Each route of a codebase answers the same by name as by id."""
    codebase = await register(api, "shop", "the shop")
    others = [route for route in ROUTES if route.path.startswith(CODEBASE) and route.method == "GET"]
    assert len(others) > 10
    for route in others:
        rest = re.sub(r"\{\w+\}", "unknown", route.path.removeprefix(CODEBASE))
        query = "?session_id=sess_x" if rest in ("/messages", "/events") else ""
        answers = list[tuple[int, bytes]]()
        for named in (codebase, quote("the shop")):
            async with api.client.get(f"{API}/codebases/{named}{rest}{query}") as response:
                # An export is an event of the service, so the next one proves the same in a longer log.
                said = re.sub(rb'"checkpoint":"[^"]*"|"\w+":\[[^]]*\]\}\n\Z', b"", await response.read())
                answers.append((response.status, said))
        assert answers[0] == answers[1], route.path


async def test_commands_by_name(api: Running) -> None:
    """Commands act on the codebase that is named, also one that changes this name itself."""
    codebase = await register(api, "shop", "shop")
    triggered = await api.post("/codebases/shop/trigger", {"prompt": "x"})
    await api.agent_at_work(codebase)
    await api.post("/codebases/shop/message", {"message": "also this"})
    await api.post("/codebases/shop/interrupt", {})
    await api.post("/codebases/shop/stop", {})
    queued = await api.post("/codebases/shop/tasks", {"title": "t", "prompt": "p"})
    assert queued["task"]["codebase_id"] == codebase
    assert (await api.get("/codebases/shop/sessions"))["sessions"][-1]["id"] == triggered["session_id"]
    renamed = await api.ask("PATCH", "/codebases/shop", {"name": "store"})
    assert (renamed.status, renamed.body["codebase"]["name"]) == (200, "store")
    assert_refused(await api.ask("GET", "/codebases/shop"), 404, "codebase_not_found")
    assert (await api.get("/codebases/store"))["id"] == codebase

    async def idle() -> object:
        return (await api.get("/codebases/store/tasks?status=pending"))["total"]

    await becomes(idle, 0)
    deleted = await api.ask("DELETE", "/codebases/store")
    assert deleted.body["message"] == f"Codebase {codebase} deleted"
    assert_refused(await api.ask("GET", "/codebases/store/log"), 404, "codebase_not_found")
    assert (await api.get(f"/codebases/{codebase}/log"))["head"]


async def test_an_ambiguous_name(api: Running) -> None:
    """A name of several codebases is 409 with their ids, in every route; without a trace in the log."""
    ids = [await register(api, f"twin-{number}", "twin") for number in range(3)]
    async with nothing_recorded(api):
        for method, path, body in [
            *(("GET", rest, None) for rest in ("", "/status", "/events", "/log", "/log/export", "/tasks")),
            ("POST", "/trigger", {"prompt": "x"}),
            ("POST", "/tasks", {"title": "x", "prompt": "x"}),
            ("POST", "/sessions/sync", {}),
            ("PATCH", "", {"name": "x"}),
            ("DELETE", "", None),
        ]:
            refused = await api.ask(method, f"/codebases/twin{path}", body)
            assert_refused(refused, 409, "codebase_ambiguous")
            assert all(codebase in refused.body["detail"] for codebase in ids)
    await api.ask("DELETE", f"/codebases/{ids[0]}")
    await api.ask("PATCH", f"/codebases/{ids[1]}", {"name": "other"})
    assert (await api.get("/codebases/twin"))["id"] == ids[2], "a deleted or renamed codebase doesn't count"


async def test_an_id_takes_precedence(api: Running) -> None:
    """A codebase that is named like another's id can't stand in for it, also once that one is deleted."""
    victim = await register(api, "victim", "victim")
    await register(api, "mimic", victim)
    assert (await api.get(f"/codebases/{victim}"))["name"] == "victim"
    await api.ask("DELETE", f"/codebases/{victim}")
    assert_refused(await api.ask("GET", f"/codebases/{victim}"), 404, "codebase_not_found")
    assert_refused(await api.ask("POST", f"/codebases/{victim}/trigger", {"prompt": "x"}), 404, "codebase_not_found")
    events = (await api.get(f"/codebases/{victim}/log"))["events"]
    assert {event["data"]["name"] for event in events if "name" in event["data"]} == {"victim"}


async def test_a_repeated_request_by_name(api: Running) -> None:
    """A request that is repeated with its key never gets to another codebase, if the name was given to one since."""
    codebase = await register(api, "one", "shop")
    headers = {"Idempotency-Key": "sync-1"}
    first = await api.ask("POST", "/codebases/shop/sessions/sync", {}, headers=dict(headers))
    await api.ask("PATCH", f"/codebases/{codebase}", {"name": "old"})
    other = await register(api, "two", "shop")
    async with nothing_recorded(api):
        again = await api.ask("POST", "/codebases/shop/sessions/sync", {}, headers=dict(headers))
    assert first.status == 200
    assert_refused(again, 409, "idempotency_key_reused")
    assert (await api.get("/codebases/shop"))["id"] == other


@pytest.mark.parametrize("name", ["shop", "cb_unknown"])
async def test_names_on_the_command_line(api: Running, command: Command, name: str) -> None:
    """The commands without a server take a name: of the registered codebase, else of a deleted one; the id wins."""
    data = ("--data", api.service.settings.data)
    old = await register(api, "one", name)
    await api.ask("DELETE", f"/codebases/{old}")

    async def shown() -> str:
        ended = await command("audit", "show", name, *data)
        return ended.output + ended.errors

    assert old in await shown()
    new = await register(api, "two", "first name")
    await api.ask("PATCH", f"/codebases/{new}", {"name": name})
    assert new in await shown()
    assert f"registered  {name}" not in (listed := (await command("audit", "show", *data)).output)
    assert "first name" not in listed
    assert new in (await command("audit", "export", name, *data)).output
    assert new in (await command("audit", "diff", name, "0", *data)).output
    twin = await register(api, "three", name)
    for arguments in (("show", name), ("export", name), ("diff", name, "0")):
        ended: Any = await command("audit", *arguments, *data)
        assert (ended.code, ended.output) == (2, "")
        assert new in ended.errors
        assert twin in ended.errors
    assert twin in (await command("audit", "show", twin, *data)).output
