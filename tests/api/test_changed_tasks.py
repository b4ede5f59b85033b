"""Tasks over HTTP that are changed, moved and repeated."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.api.test_document import Id, Moment
from tests.api.test_tasks import busy, queue
from tests.support.service import Running, eventually, running

from opencode_ledger.http.cli.erase import erase
from opencode_ledger.http.settings import Settings

TITLES = "abcd"
MORE = {"files": ["a.py"], "model": "test/m", "priority": 1, "metadata": {"ticket": "JIRA-123"}}


async def order(api: Running, codebase: str) -> str:
    """The titles of the waiting tasks, the next to start first; each has its place."""
    tasks = (await api.get(f"/codebases/{codebase}/tasks?order=queue"))["tasks"]
    assert [task["place"] for task in tasks] == list(range(1, len(tasks) + 1))
    return "".join(task["title"] for task in tasks)


async def patch(api: Running, task: str, body: object) -> Any:
    """The answer to a change."""
    return await api.ask("PATCH", f"/tasks/{task}", body)


async def test_a_task_is_moved_and_edited(api: Running) -> None:
    """A waiting task is moved to where it was asked, edited, and starts in that order with the new prompt."""
    codebase = await busy(api)
    a, b, _, d = [await queue(api, codebase, title, priority=1) for title in TITLES]
    for task, body, expected, place, priority in (
        (d, {"position": "first"}, "dabc", 1, 1),
        (d, {"position": "last"}, "abcd", 4, 1),
        (d, {"position": {"before": b}}, "adbc", 2, 1),
        (a, {"priority": 0}, "dbca", 4, 0),
        (a, {"position": {"before": b}}, "dabc", 2, 1),
        (b, {"priority": 7.0}, "bdac", 1, 7),
        (d, {"priority": 1, "position": "last"}, "bacd", 4, 1),
    ):
        answer = await patch(api, task, body)
        assert (answer.status, answer.body["task"]["place"], answer.body["task"]["priority"]) == (200, place, priority)
        assert answer.body["task"] == await api.get(f"/tasks/{task}")
        assert await order(api, codebase) == expected
    answer = await patch(api, a, {"title": "A", "prompt": "do it well"})
    assert (answer.body["task"]["title"], answer.body["task"]["prompt"]) == ("A", "do it well")
    agent = api.agents.of(codebase)
    for done in range(1, 5):
        await agent.end("Well done.")
        await eventually(lambda done=done: len(agent.given) == done + 1)  # type: ignore[misc]
    assert [prompt.text for prompt in agent.given[1:]] == ["do b", "do it well", "do c", "do d"]
    assert await order(api, codebase) == ""


async def test_what_changes_nothing_leaves_no_trace(api: Running, subtests: pytest.Subtests) -> None:
    """A refused change, and one that says what is so already, records nothing."""
    codebase, other = await busy(api), await busy(api, "other")
    started = (await api.get(f"/codebases/{codebase}/tasks"))["tasks"][0]["id"]
    task, elsewhere = await queue(api, codebase, "x"), await queue(api, other, "y")
    waits = f"/tasks/{task}"
    rows: list[tuple[dict[str, Any], int, str | None]] = [
        ({}, 400, "invalid_input"),
        ({"title": None}, 400, "invalid_input"),
        ({"title": " "}, 400, "invalid_input"),
        ({"title": "x" * 201}, 400, "invalid_input"),
        ({"prompt": ""}, 400, "invalid_input"),
        ({"priority": "1"}, 400, "invalid_input"),
        ({"priority": 1.5}, 400, "invalid_input"),
        ({"priority": True}, 400, "invalid_input"),
        ({"priority": 10**7}, 400, "invalid_input"),
        ({"position": "middle"}, 400, "invalid_input"),
        ({"position": 1}, 400, "invalid_input"),
        ({"position": {}}, 400, "invalid_input"),
        ({"position": {"before": ""}}, 400, "invalid_input"),
        ({"position": {"before": task, "after": task}}, 400, "invalid_input"),
        ({"status": "running"}, 400, "invalid_input"),
        ({"agent_type": "plan"}, 400, "invalid_input"),
        ({"position": {"before": "task_unknown"}}, 409, "place_not_possible"),
        ({"position": {"before": elsewhere}}, 409, "place_not_possible"),
        ({"position": {"before": started}}, 409, "place_not_possible"),
        ({"title": "x", "prompt": "do x", "priority": 0, "position": "first"}, 200, None),
        ({"position": {"before": task}}, 200, None),
    ]
    head = api.service.store.head
    for body, status, code in rows:
        with subtests.test(str(body)[:60]):
            answer = await api.ask("PATCH", waits, body)
            assert (answer.status, answer.body.get("code")) == (status, code)
    refused = await patch(api, started, {"title": "x"})
    assert (refused.status, refused.body["code"]) == (409, "task_not_queued")
    assert (await patch(api, "task_unknown", {"title": "x"})).status == 404
    assert api.service.store.head == head


async def test_a_queue_is_listed_in_its_order(api: Running) -> None:
    """The queue's order is paged, only of what waits; other statuses with it are refused."""
    codebase = await busy(api)
    for number, title in enumerate(TITLES):
        await queue(api, codebase, title, priority=number % 2)
    page = await api.get(f"/codebases/{codebase}/tasks?order=queue&status=pending&limit=2&offset=1")
    assert [(task["title"], task["place"]) for task in page["tasks"]] == [("d", 2), ("a", 3)]
    assert page["total"] == 4
    for query in ("order=queue&status=running", "order=oldest", "order="):
        assert (await api.ask("GET", f"/codebases/{codebase}/tasks?{query}")).status == 400
    assert (await api.get(f"/codebases/{codebase}/tasks?order=newest"))["total"] == 5
    before = (await api.get(f"/codebases/{codebase}/log"))["events"][-1]["sequence"]
    await patch(api, page["tasks"][0]["id"], {"position": "last"})
    then = (await api.get(f"/codebases/{codebase}/tasks?order=queue&at={before}"))["tasks"]
    assert "".join(task["title"] for task in then) == "bdac"
    assert await order(api, codebase) == "bacd"


async def test_an_ended_task_is_repeated(api: Running) -> None:
    """A completed, failed or cancelled task is queued once more as it was; the new one names it, and the old one stays."""
    codebase = await api.register()
    (api.directory("my-project") / "a.py").write_text("x")
    for ending in ("completed", "failed", "cancelled"):
        old = await queue(api, codebase, ending, **MORE)
        agent = await api.agent_at_work(codebase)
        if ending == "cancelled":
            await api.post(f"/tasks/{old}/cancel")
        else:
            await agent.end("Done.", error="" if ending == "completed" else "No.")
        before = await api.get(f"/tasks/{old}")
        assert before["status"] == ending
        answer = await api.post(f"/tasks/{old}/retry")
        new = answer["task"]
        assert answer == {
            "success": True,
            "task": {
                "id": Id("task"),
                "codebase_id": codebase,
                "title": ending,
                "status": "pending",
                "priority": 1,
                "created_at": Moment(),
                "retry_of": old,
            },
        }
        agent = await api.agent_at_work(codebase)
        prompt = agent.given[-1]
        assert (prompt.text, prompt.model, prompt.files) == (before["prompt"], "test/m", ("a.py",))
        whole = await api.get(f"/tasks/{new['id']}")
        assert {name: whole[name] for name in ("prompt", "metadata", "retry_of")} == {
            "prompt": before["prompt"],
            "metadata": before["metadata"],
            "retry_of": old,
        }
        assert await api.get(f"/tasks/{old}") == before
        await agent.end("Done.")


async def test_what_is_not_repeated(api: Running) -> None:
    """A task that waits, runs or is interrupted is not repeated, nor one whose files are gone."""
    codebase = await busy(api)
    (api.directory("my-project") / "a.py").write_text("x")
    started = (await api.get(f"/codebases/{codebase}/tasks"))["tasks"][0]["id"]
    waits = await queue(api, codebase, "x", files=["a.py"])
    for task in (started, waits):
        answer = await api.ask("POST", f"/tasks/{task}/retry")
        assert (answer.status, answer.body["code"]) == (409, "task_not_ended")
    await api.post(f"/codebases/{codebase}/interrupt")
    assert (await api.ask("POST", f"/tasks/{started}/retry")).body["code"] == "task_not_ended"
    await api.post(f"/tasks/{waits}/cancel")
    (api.directory("my-project") / "a.py").unlink()
    assert (await api.ask("POST", f"/tasks/{waits}/retry")).status == 400
    assert (await api.ask("POST", "/tasks/task_unknown/retry")).status == 404


async def test_a_retry_with_a_key_happens_once(api: Running) -> None:
    """A retry that is repeated with its Idempotency-Key gets the first answer, and queues nothing more."""
    codebase = await busy(api)
    old = await queue(api, codebase, "x")
    await api.post(f"/tasks/{old}/cancel")
    answers = [
        await api.ask("POST", f"/tasks/{old}/retry", {}, headers={"Idempotency-Key": "retry-1"}) for _ in range(3)
    ]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["task"]["id"] for answer in answers}) == 1
    assert (await api.get(f"/codebases/{codebase}/tasks?status=pending"))["total"] == 1


async def test_an_erased_task_is_not_repeated(settings: Settings, tmp_path: Path) -> None:
    """A task whose content was erased, its changes too, has nothing left to repeat; it still shows its place in time."""
    async with running(settings, tmp_path / "home") as api:
        codebase = await busy(api)
        task = await queue(api, codebase, "private")
        await patch(api, task, {"title": "more private", "prompt": "secretive"})
        await api.post(f"/tasks/{task}/cancel")
    await asyncio.to_thread(erase, session=task, reason="private", by="ann", yes=True, data=settings.data)
    assert b"secretive" not in b"".join(path.read_bytes() for path in settings.data.glob("*.db*"))
    async with running(settings, tmp_path / "home") as api:
        shown = await api.get(f"/tasks/{task}")
        assert (shown["title"], shown["prompt"], shown["status"]) == ("[erased]", "[erased]", "cancelled")
        answer = await api.ask("POST", f"/tasks/{task}/retry")
        assert (answer.status, answer.body["code"]) == (409, "task_erased")
