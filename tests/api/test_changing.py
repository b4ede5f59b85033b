"""What is known of a codebase can be changed, on record; what waited for that starts by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.service import Answer, Running, becomes, running

from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.cli.session_lines import head
from opencode_ledger.http.offline.evidence import evidence_in
from opencode_ledger.http.offline.history import history_of
from opencode_ledger.http.settings import Settings

from .test_refusals import assert_refused, nothing_recorded

UNTRUSTED = "project_config_untrusted"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Running]:
    """A service with room for one agent."""
    async with running(Settings(data=tmp_path / "data", max_agents=1), tmp_path / "home") as service:
        yield service


async def change(api: Running, codebase: CodebaseId, **members: object) -> Answer:
    """A change of a codebase."""
    return await api.ask("PATCH", f"/codebases/{codebase}", members)


async def recorded(api: Running, codebase: CodebaseId) -> list[dict[str, Any]]:
    """The changes on record, without what every event has."""
    events = (await api.get(f"/codebases/{codebase}/log?limit=500"))["events"]
    changes = [event["data"] for event in events if event["data"].get("action") == "changed"]
    assert all(change.pop("codebase_id") == codebase and change.pop("timestamp") for change in changes)
    assert all(change.pop("action") and change.pop("correlation_id") for change in changes)
    assert all(change.pop("by") == "local" for change in changes)
    return changes


async def test_what_is_given_changes_and_the_rest_stays(api: Running) -> None:
    """Each change is one event with the members that changed; answer, codebase and list show the whole at once."""
    config = {"default_model": "test/model", "auto_approve": True}
    codebase = await api.register("shop", description="Sells", agent_config=config)
    whole = await api.get(f"/codebases/{codebase}")
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"name": "store"}, {"name": "store"}),
        ({"description": ""}, {"description": ""}),
        ({"description": "Buys", "name": "store"}, {"description": "Buys"}),
        ({"agent_config": {"trusted": True}}, {"agent_config": {**config, "trusted": True}}),
        ({"agent_config": {"default_model": None}}, {"agent_config": {"auto_approve": True, "trusted": True}}),
        (
            {"agent_config": {"auto_approve": False}, "name": "x"},
            {"agent_config": {"auto_approve": False, "trusted": True}, "name": "x"},
        ),
        ({"agent_config": {"auto_approve": None, "trusted": None}}, {"agent_config": {}}),
    ]
    for number, (given, changed) in enumerate(steps, 1):
        answer = await change(api, codebase, **given)
        assert answer.status == 200, answer
        whole |= changed
        shown = answer.body["codebase"]
        assert {**shown, "last_activity": whole["last_activity"]} == whole
        assert {**await api.get(f"/codebases/{codebase}"), "last_activity": whole["last_activity"]} == whole
        listed = (await api.get("/codebases"))[0]
        assert listed == {name: whole[name] for name in listed}
        assert (await recorded(api, codebase))[number - 1 :] == [changed]


async def test_what_is_so_already_is_no_change(api: Running) -> None:
    """A change to what is there, or of nothing within the configuration, is answered and not recorded."""
    codebase = await api.register("shop", description="Sells", agent_config={"trusted": True})
    async with nothing_recorded(api):
        same: list[dict[str, object]] = [
            {"name": "shop"},
            {"description": "Sells"},
            {"agent_config": {"trusted": True}},
            {"agent_config": {}},
        ]
        for given in same:
            assert (await change(api, codebase, **given)).status == 200
        assert (await change(api, codebase, name="shop", agent_config={"default_model": None})).status == 200


async def test_refusals(api: Running) -> None:
    """Unknown, deleted, and a model that is known not to be there: refused, and nothing is recorded."""
    codebase, gone = await api.register("shop"), await api.register("gone")
    assert (await api.ask("DELETE", f"/codebases/{gone}")).status == 200
    api.agents.catalog_known = True
    async with nothing_recorded(api):
        for unknown in (gone, "cb_unknown"):
            assert_refused(await change(api, CodebaseId(unknown), name="x"), 404, "codebase_not_found")
        wrong = {"default_model": "test/none"}
        assert_refused(await change(api, codebase, agent_config=wrong), 400, "unknown_model")
    assert (await change(api, codebase, agent_config={**wrong, "trusted": True})).status == 200


async def test_an_untrusted_codebase_is_trusted_without_losing_anything(api: Running) -> None:
    """A trigger is refused and says what to do. After that change it runs, and earlier sessions still exist."""
    codebase = await api.register("shop")
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Before"})
    await (await api.agent_at_work(codebase)).end("Done.")
    await becomes(lambda: status(api, codebase), "idle")
    api.agents.untrusted.add(str(api.directory("shop")))
    assert_refused(await api.ask("POST", f"/codebases/{codebase}/trigger", {"prompt": "Now"}), 403, UNTRUSTED)
    await change(api, codebase, agent_config={"trusted": True})
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Now"})
    agent = await api.agent_at_work(codebase)
    assert agent.trusted
    await agent.end("Done too.")
    assert (await api.get(f"/codebases/{codebase}/sessions"))["total"] == 2


async def test_queued_tasks_wait_for_trust_and_start_by_themselves(api: Running) -> None:
    """The response to a new task says at once why it waits, as do status and task. Only the change starts it."""
    codebase = await api.register("shop")
    api.agents.untrusted.add(str(api.directory("shop")))
    tasks: list[str] = []
    for name in ("one", "two"):
        answer = await api.post(f"/codebases/{codebase}/tasks", {"title": name, "prompt": name})
        assert answer["held"]["code"] == UNTRUSTED
        tasks.append(answer["task"]["id"])
    await becomes(lambda: member(api, tasks[0], "reason"), UNTRUSTED)
    queue = (await api.status(codebase))["queue"]
    assert (queue["pending"], queue["code"]) == (2, UNTRUSTED)
    await change(api, codebase, name="still untrusted")
    assert [await member(api, task, "status") for task in tasks] == ["pending", "pending"]
    await change(api, codebase, agent_config={"trusted": True})
    for task in tasks:
        await (await api.agent_at_work(codebase)).end("Done.")
        await becomes(partial(member, api, task, "status"), "completed")
    assert "held" not in await api.post(f"/codebases/{codebase}/tasks", {"title": "three", "prompt": "three"})


async def status(api: Running, codebase: CodebaseId) -> object:
    """The agent's status."""
    return (await api.status(codebase))["status"]


async def member(api: Running, task: str, name: str) -> object:
    """A member of a task."""
    return (await api.get(f"/tasks/{task}")).get(name)


async def test_a_change_during_a_run_counts_for_what_comes(api: Running) -> None:
    """The run goes on; what its agent asks after the change is answered as the configuration is by then."""
    codebase = await api.register("shop")
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Work"})
    agent = await api.agent_at_work(codebase)
    assert (await change(api, codebase, agent_config={"auto_approve": True})).status == 200
    await agent.ask("edit", {"filepath": "a.txt"})
    await becomes(lambda: _answers(agent), 1)
    await agent.end("Done.")
    await becomes(lambda: status(api, codebase), "idle")


async def _answers(agent: Any) -> int:
    return len(agent.answers)


async def test_a_change_outlives_the_server(tmp_path: Path) -> None:
    """After a restart the codebase is as it was changed, for the views and for the actor."""
    settings, home = Settings(data=tmp_path / "data"), tmp_path / "home"
    async with running(settings, home) as api:
        codebase = await api.register("shop")
        await change(api, codebase, name="store", agent_config={"trusted": True})
    async with running(settings, home) as api:
        api.agents.untrusted.add(str(api.directory("shop")))
        assert (await api.get(f"/codebases/{codebase}"))["name"] == "store"
        await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Work"})
        agent = await api.agent_at_work(codebase)
        assert agent.trusted
        await agent.end("Done.")


async def test_an_auditor_sees_each_change(tmp_path: Path) -> None:
    """`audit show` says when what was changed, and where its event is."""
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api:
        codebase = await api.register("shop", description="Sells")
        await change(api, codebase, name="store\x1b[31m", description="")
        await change(api, codebase, agent_config={"trusted": True})
        await change(api, codebase, agent_config={"trusted": None})
    with ExitStack() as stack:
        evidence = await asyncio.to_thread(stack.enter_context, evidence_in(tmp_path / "data"))
        async with history_of(evidence, codebase) as history:
            shown = [line.text.plain for line in head(history)]
    said = [line for line in shown if line.startswith("changed")]
    assert [line.partition("]  ")[2] for line in said] == [
        "name: store<U+001B>[31m; description: none  by local",
        "agent configuration: trusted true  by local",
        "agent configuration: the defaults  by local",
    ]
    assert all(f"[{sequence}]" in line for sequence, line in zip((2, 3, 4), said, strict=True))
