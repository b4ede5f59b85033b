"""Tasks over HTTP: the document's requests and answers, the queue's order, and what is refused."""

from pathlib import Path

import pytest
from tests.api.test_document import Id, Moment
from tests.support.service import Running, becomes, eventually, running

from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.settings import Settings

DOCUMENT = {
    "title": "Add unit tests",
    "prompt": "Add comprehensive unit tests for the authentication module",
    "agent_type": "build",
    "priority": 1,
    "metadata": {"ticket": "JIRA-123"},
}


async def queue(api: Running, codebase: str, title: str, **more: object) -> str:
    """A task that was queued; its id."""
    answer = await api.post(f"/codebases/{codebase}/tasks", {"title": title, "prompt": f"do {title}", **more})
    task: str = answer["task"]["id"]
    return task


async def busy(api: Running, name: str = "my-project") -> CodebaseId:
    """A codebase whose agent is at work, so that tasks wait."""
    codebase = await api.register(name)
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Start"})
    await api.agent_at_work(codebase)
    return codebase


async def test_create(api: Running) -> None:
    """The document's task is queued and answered as the document shows it."""
    codebase = await busy(api)
    assert await api.post(f"/codebases/{codebase}/tasks", DOCUMENT) == {
        "success": True,
        "task": {
            "id": Id("task"),
            "codebase_id": codebase,
            "title": "Add unit tests",
            "status": "pending",
            "priority": 1,
            "created_at": Moment(),
        },
    }


async def test_a_task_of_an_idle_agent_starts_by_itself(api: Running) -> None:
    """A task for an idle agent is answered as pending, starts by itself, and points at its session, which points back."""
    codebase = await api.register()
    task = (await api.post(f"/codebases/{codebase}/tasks", {**DOCUMENT, "agent_type": "plan"}))["task"]
    assert task["status"] == "pending"
    agent = await api.agent_at_work(codebase)
    assert (agent.given[0].text, agent.given[0].agent) == (DOCUMENT["prompt"], "plan")
    whole = await api.get(f"/tasks/{task['id']}")
    assert whole == {
        **DOCUMENT,
        "agent_type": "plan",
        "id": task["id"],
        "codebase_id": codebase,
        "status": "running",
        "session_id": Id("sess"),
        "created_at": task["created_at"],
        "started_at": Moment(),
        "by": "local",
    }
    status = await api.status(codebase)
    assert (status["session_id"], status["current_task"]) == (whole["session_id"], "Add unit tests")
    (session,) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert (session["id"], session["task_id"]) == (whole["session_id"], task["id"])


async def test_queue_by_priority(api: Running) -> None:
    """Tasks behind a running agent run by priority, then in their order, and show their results."""
    codebase = await busy(api)
    for title, priority in [("low", 0), ("high", 2), ("high too", 2)]:
        await queue(api, codebase, title, priority=priority)
    agent = api.agents.of(codebase)
    for done in range(1, 4):
        await agent.end("Well done.")
        await eventually(lambda done=done: len(agent.given) == done + 1)  # type: ignore[misc]
    await agent.end("Well done.")
    assert [prompt.text for prompt in agent.given] == ["Start", "do high", "do high too", "do low"]
    listed = (await api.get(f"/codebases/{codebase}/tasks?status=completed"))["tasks"]
    assert {task["title"] for task in listed} == {"Start", "low", "high", "high too"}
    assert (await api.get(f"/tasks/{listed[0]['id']}"))["result"] == "Well done."


async def test_list(api: Running) -> None:
    """Tasks of one codebase or of all are listed newest first, with the document's fields and the total."""
    first, second = await busy(api, "first"), await busy(api, "second")
    tasks = [await queue(api, codebase, "x") for codebase in (first, second, first)]
    everything = await api.get("/tasks")
    assert (everything["total"], everything["limit"], everything["offset"]) == (5, 50, 0)
    assert [task["id"] for task in everything["tasks"]][:3] == tasks[::-1]
    of_first = await api.get(f"/codebases/{first}/tasks?status=pending")
    assert of_first["tasks"][1] == {
        "id": tasks[0],
        "codebase_id": first,
        "title": "x",
        "agent_type": "build",
        "status": "pending",
        "priority": 0,
        "created_at": Moment(),
        "by": "local",
    }
    assert of_first["total"] == 2
    part = await api.get("/tasks?limit=1&offset=1")
    assert ([task["id"] for task in part["tasks"]], part["total"]) == ([tasks[1]], 5)
    beyond = await api.get("/tasks?limit=500&offset=999999999999999")
    assert (beyond["tasks"], beyond["total"], beyond["limit"]) == ([], 5, 500)


async def test_filter(api: Running) -> None:
    """The list is narrowed to tasks of one status: pending, running, completed, failed or cancelled."""
    codebase = await api.register()
    agent = None
    for error in ("", "Model rate limit exceeded"):
        await queue(api, codebase, error or "fine")
        agent = await api.agent_at_work(codebase)
        await agent.end("Added 15 unit tests", error=error)
    await busy_with(api, codebase)
    await api.post(f"/tasks/{await queue(api, codebase, 'dropped')}/cancel")
    await queue(api, codebase, "waits")
    for status, title in [
        ("pending", "waits"),
        ("running", "now"),
        ("completed", "fine"),
        ("failed", "Model rate limit exceeded"),
        ("cancelled", "dropped"),
    ]:
        listed = await api.get(f"/codebases/{codebase}/tasks?status={status}")
        assert [(task["title"], task["status"]) for task in listed["tasks"]] == [(title, status)]
        assert ("completed_at" in listed["tasks"][0]) == (status not in ("pending", "running"))
    (failed,) = (await api.get("/tasks?status=failed"))["tasks"]
    failed = await api.get(f"/tasks/{failed['id']}")
    assert (failed["error"], failed["code"]) == ("Model rate limit exceeded", "AGENT_ERROR")


async def busy_with(api: Running, codebase: CodebaseId) -> None:
    """Have the agent at work on a queued task."""
    await queue(api, codebase, "now")
    await api.agent_at_work(codebase)


async def test_cancel(api: Running) -> None:
    """A pending task never starts, a running one ends with its session, and one that has ended is 409."""
    codebase = await api.register()
    running_one, pending, last = [await queue(api, codebase, title) for title in ("a", "b", "c")]
    agent = await api.agent_at_work(codebase)
    for task in (pending, running_one):
        answer = await api.post(f"/tasks/{task}/cancel")
        assert answer == {"success": True, "message": "Task cancelled"}
        cancelled = await api.get(f"/tasks/{task}")
        assert (cancelled["status"], cancelled["completed_at"]) == ("cancelled", Moment())
    await eventually(lambda: [prompt.text for prompt in agent.given] == ["do a", "do c"])
    sessions = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert [(session["task_id"], session["status"]) for session in sessions] == [
        (last, "running"),
        (running_one, "stopped"),
    ]
    head = api.service.store.head
    for task in (pending, running_one):
        again = await api.ask("POST", f"/tasks/{task}/cancel")
        assert (again.status, again.body) == (
            409,
            {"detail": "The task has already ended; create a new task to do more.", "code": "task_ended"},
        )
    assert api.service.store.head == head


async def test_the_task_of_a_trigger_is_cancelled(api: Running) -> None:
    """A trigger makes a task too: it is listed, and to cancel it stops the agent, also one that was interrupted."""
    codebase = await api.register()
    for interrupted in (False, True):
        task = (await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Start\nnow"}))["task_id"]
        await api.agent_at_work(codebase)
        assert (await api.get(f"/tasks/{task}"))["title"] == "Start"
        if interrupted:
            await api.post(f"/codebases/{codebase}/interrupt")
        await api.post(f"/tasks/{task}/cancel")
        assert (await api.get(f"/tasks/{task}"))["status"] == "cancelled"
        assert (await api.status(codebase))["status"] == "idle"
        assert api.agents.at_work == []


async def test_a_deleted_codebase_takes_its_tasks_along(api: Running) -> None:
    """With its codebase a task is gone from every address, and what waited is never started."""
    codebase = await busy(api)
    task = await queue(api, codebase, "x")
    assert (await api.ask("DELETE", f"/codebases/{codebase}")).status == 200
    for method, path in (("GET", f"/tasks/{task}"), ("POST", f"/tasks/{task}/cancel")):
        gone = await api.ask(method, path)
        assert (gone.status, gone.body) == (404, {"detail": "Task not found", "code": "task_not_found"})
    assert (await api.get("/tasks"))["total"] == 0
    assert (await api.ask("GET", f"/codebases/{codebase}/tasks")).status == 404
    assert api.agents.at_work == []


async def test_unknown(api: Running, subtests: pytest.Subtests) -> None:
    """A task or codebase that isn't there is 404, whatever its name is made of."""
    for name in ("task_none", "%00", "%ff", "%ED%A0%80", "x" * 3000):
        with subtests.test(name[:20]):
            assert (await api.ask("GET", f"/tasks/{name}")).body["code"] == "task_not_found"
            assert (await api.ask("POST", f"/tasks/{name}/cancel")).status == 404
    assert (await api.ask("GET", "/codebases/cb_none/tasks")).status == 404
    assert (await api.ask("POST", "/codebases/cb_none/tasks", DOCUMENT)).status == 404


async def test_queued_tasks_start_after_a_restart(settings: Settings, tmp_path: Path) -> None:
    """What waited for room when the server ended starts by itself with the next one."""
    one_room = settings.model_copy(update={"max_agents": 1})
    async with running(one_room, tmp_path / "home") as api:
        await busy(api, "first")
        second = await api.register("second")
        task = await queue(api, second, "x")
        assert (await api.get(f"/tasks/{task}"))["status"] == "pending"
    async with running(one_room, tmp_path / "home") as api:
        agent = await api.agent_at_work(second)
        assert [prompt.text for prompt in agent.given] == ["do x"]

        async def status() -> object:
            return (await api.get(f"/tasks/{task}"))["status"]

        await becomes(status, "running")


async def test_numbers_of_metadata_are_kept_exactly(api: Running) -> None:
    """The largest and the least whole numbers that are taken come back as they were, at every level; so do fractions."""
    codebase = await api.register()
    numbers = [-(2**63), -(2**63) + 1, 2**53 + 1, 2**63, 2**64 - 1, 0, 0.1, -0.0, 5e-324, 1.5e19, -9.2e18]
    given = {"all": numbers, "deep": {"er": [{"n": n} for n in numbers]}}
    task = (await api.post(f"/codebases/{codebase}/tasks", {"title": "t", "prompt": "p", "metadata": given}))["task"]
    assert (await api.get(f"/tasks/{task['id']}"))["metadata"] == given
    assert repr((await api.get(f"/tasks/{task['id']}"))["metadata"]) == repr(given)
