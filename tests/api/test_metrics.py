"""What Prometheus scrapes."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.support.service import API, Running, eventually

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt

Numbers = dict[str, float]


async def scraped(api: Running) -> Numbers:
    """Every number there is, by its name and labels, read as Prometheus reads them."""
    await api.service.current_views()
    async with api.client.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        text = await response.text()
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {" ".join([sample.name, *sample.labels.values()]): sample.value for sample in samples}


async def test_the_numbers_follow_what_happens(api: Running) -> None:
    """Answers and events are counted, and the numbers of the moment are those of the views."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Work"})
    await api.agent_at_work(codebase)
    await api.post(f"/codebases/{codebase}/tasks", {"title": "Later", "prompt": "Later"})
    assert (await api.ask("GET", "/nowhere")).status == 404
    numbers = await scraped(api)
    assert numbers["opencode_ledger_codebases"] == 1
    assert numbers["opencode_ledger_tasks pending"] == 1
    assert numbers["opencode_ledger_tasks running"] == 1
    assert numbers["opencode_ledger_agents running"] == 1
    assert numbers["opencode_ledger_agent_slots_used"] == 1
    assert numbers["opencode_ledger_events_committed_total task"] == 3
    assert numbers["opencode_ledger_log_position"] == api.service.store.head
    assert numbers["opencode_ledger_views_position"] == api.service.store.head
    assert numbers["opencode_ledger_http_responses_total POST /v1/opencode/codebases/{codebase_id}/tasks 200"] == 1
    assert numbers["opencode_ledger_http_responses_total any none 404"] == 1
    assert numbers["opencode_ledger_command_seconds_count POST /v1/opencode/codebases/{codebase_id}/tasks"] == 1


async def test_what_is_no_more_is_not_counted(api: Running) -> None:
    """A status that nothing has any more has no number, rather than its last one."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Work"})
    assert (await scraped(api))["opencode_ledger_sessions running"] == 1
    await api.post(f"/codebases/{codebase}/stop")
    numbers = await scraped(api)
    assert "opencode_ledger_sessions running" not in numbers
    assert numbers["opencode_ledger_sessions stopped"] == 1


DOCUMENTED = sorted(
    re.findall(
        r"^\| `(opencode_ledger_\w+)`",
        (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)
CONSTANT = {"opencode_ledger_build_info", "opencode_ledger_agent_slots", "opencode_ledger_disk_free_bytes"}
"""What doesn't change as agents work."""


async def busy(agent: ScriptedAgent, _prompt: Prompt) -> None:
    """Use tokens and money, and ask."""
    await agent.spend({"input": 1200, "output": 30}, 0.25)
    await agent.leave_for("bash", {"command": "make"})


async def full(_store: SqliteEventStore) -> str:
    """What the store says where the disk is full."""
    return "the disk is full"


async def test_every_documented_metric_is_there_and_moves(api: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document lists exactly what there is, and each number changes when what it counts happens."""
    scrapes = [await scraped(api)]

    async def scrape() -> Numbers:
        scrapes.append(await scraped(api))
        return scrapes[-1]

    api.agents.play = busy
    first = await api.register("first")
    session = (await api.post(f"/codebases/{first}/trigger", {"prompt": "Work"}))["session_id"]
    await api.agent_at_work(first)
    await api.post(f"/codebases/{first}/tasks", {"title": "Later", "prompt": "Later"})

    async def asked() -> list[str]:
        return [one["id"] for one in (await api.get(f"/codebases/{first}/permissions"))["permissions"]]

    async with asyncio.timeout(60):
        while not await asked():
            await asyncio.sleep(0.01)
    numbers = await scrape()
    assert numbers["opencode_ledger_permissions_waiting"] == 1
    assert 0 < numbers["opencode_ledger_permission_oldest_seconds"] < 60
    assert 0 < numbers["opencode_ledger_task_oldest_seconds"] < 60
    assert numbers["opencode_ledger_tokens_total input"] == 1200
    assert numbers["opencode_ledger_tokens_total output"] == 30
    assert numbers["opencode_ledger_cost_dollars_total"] == 0.25
    api.service.slots.limit = 1
    second = await api.register("second")
    await api.post(f"/codebases/{second}/trigger", {"prompt": "Wait"})
    await scrape()
    await api.post(f"/codebases/{first}/permissions/{(await asked())[0]}", {"reply": "once"})
    await eventually(
        lambda: (
            api.service.metrics.registry.get_sample_value(
                "opencode_ledger_session_run_seconds_count", {"end": "completed"}
            )
            == 1
        )
    )
    await scrape()
    api.agents.problem = "No opencode here."
    monkeypatch.setattr(SqliteEventStore, "trouble", full)
    await read_slowly(api, scrapes)
    await api.get(f"/codebases/{first}/messages?session_id={session}")
    await scrape()
    names = {name.split(" ")[0] for numbers in scrapes for name in numbers if name.startswith("opencode_ledger_")}
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in names}
    assert sorted(families) == DOCUMENTED
    for family in set(DOCUMENTED) - CONSTANT:
        seen = [
            tuple(sorted((k, v) for k, v in numbers.items() if k.split(" ")[0].startswith(family)))
            for numbers in scrapes
        ]
        assert len(set(seen)) > 1, family


async def read_slowly(api: Running, scrapes: list[Numbers]) -> None:
    """Open a stream and take nothing of it until it has fallen behind."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port, limit=1)
    writer.write(f"GET {API}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await eventually(lambda: api.service.streams.open == 1)
    codebase = await api.register("third")
    title = {"title": "x", "prompt": "x" * 400_000}
    async with asyncio.timeout(60):
        while not api.service.streams.recalls:
            await api.post(f"/codebases/{codebase}/tasks", title)
            scrapes.append(await scraped(api))
    writer.close()
    del reader


async def test_what_stays(api: Running) -> None:
    """The numbers that don't change as agents work are right."""
    await api.service.current_views()
    async with api.client.get("/metrics") as response:
        text = await response.text()
    build = next(f for f in text_string_to_metric_families(text) if f.name == "opencode_ledger_build_info").samples[0]
    assert set(build.labels) == {"version", "python"}
    numbers = await scraped(api)
    assert numbers["opencode_ledger_agent_slots"] == api.service.settings.max_agents
    free = shutil.disk_usage(api.service.settings.data).free
    assert numbers["opencode_ledger_disk_free_bytes"] == pytest.approx(free, rel=0.5)
    log = api.service.settings.data / "ledger.db"
    assert numbers["opencode_ledger_data_bytes ledger.db"] >= (await asyncio.to_thread(log.stat)).st_size > 0
