"""What Prometheus scrapes."""

from prometheus_client.parser import text_string_to_metric_families
from tests.support.service import Running

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
