"""A task goes where its session goes: status, session and task agree, whatever happened, and so they do after a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.service import Running, StandInAgents, becomes, running

from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.http.offline.backup import back_up
from opencode_ledger.http.settings import Settings

Step = Callable[[Running, CodebaseId], Awaitable[object]]


async def stands(api: Running, codebase: CodebaseId, query: str = "") -> tuple[str, str, str]:
    """What the agent's status, its latest session and that session's task are said to be."""
    top = f"/codebases/{codebase}"
    status = await api.get(f"{top}/status{query}")
    session = (await api.get(f"{top}/sessions{query}"))["sessions"][0]
    tasks = {task["id"]: task for task in (await api.get(f"{top}/tasks{query}"))["tasks"]}
    task = tasks[session["task_id"]]
    assert session.get("reason") == task.get("reason"), "both say why"
    if status["status"] == session["status"]:
        assert status["started_at"] == session["started_at"]
    return status["status"], session["status"], task["status"]


async def trigger(api: Running, codebase: CodebaseId) -> None:
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Start"})


async def begin(api: Running, codebase: CodebaseId) -> None:
    await trigger(api, codebase)
    await api.agent_at_work(codebase)


async def interrupt(api: Running, codebase: CodebaseId) -> None:
    await api.post(f"/codebases/{codebase}/interrupt")


async def message(api: Running, codebase: CodebaseId) -> None:
    await api.post(f"/codebases/{codebase}/message", {"message": "Go on."})


async def stop(api: Running, codebase: CodebaseId) -> None:
    await api.post(f"/codebases/{codebase}/stop")


async def cancel(api: Running, codebase: CodebaseId) -> None:
    task = (await api.get(f"/codebases/{codebase}/tasks"))["tasks"][0]["id"]
    await api.post(f"/tasks/{task}/cancel")


async def die(api: Running, codebase: CodebaseId) -> None:
    await (await api.agent_at_work(codebase)).die()


async def end(api: Running, codebase: CodebaseId) -> None:
    await (await api.agent_at_work(codebase)).end("Done.")


async def fail(api: Running, codebase: CodebaseId) -> None:
    await (await api.agent_at_work(codebase)).end(error="No.")


async def crowd(api: Running, _codebase: CodebaseId) -> None:
    """All the room is taken."""
    other = await api.register("other")
    await begin(api, other)


async def make_room(api: Running, _codebase: CodebaseId) -> None:
    other = next(one["id"] for one in await api.get("/codebases") if one["name"] == "other")
    await api.post(f"/codebases/{other}/stop")


PENDING = ("pending", "pending", "pending")
AT_WORK = ("running", "running", "running")
PAUSED = ("interrupted", "interrupted", "interrupted")
DONE = ("idle", "completed", "completed")
FAILED = ("idle", "failed", "failed")
GIVEN_UP = ("idle", "stopped", "cancelled")

STORIES: dict[str, tuple[tuple[Step, tuple[str, str, str] | None], ...]] = {
    "completed": ((begin, AT_WORK), (end, DONE)),
    "failed": ((begin, AT_WORK), (fail, FAILED)),
    "stopped": ((begin, AT_WORK), (stop, GIVEN_UP)),
    "cancelled": ((begin, AT_WORK), (cancel, GIVEN_UP)),
    "interrupted and resumed": ((begin, AT_WORK), (interrupt, PAUSED), (message, AT_WORK), (end, DONE)),
    "interrupted and stopped": ((begin, AT_WORK), (interrupt, PAUSED), (stop, GIVEN_UP)),
    "interrupted and cancelled": ((begin, AT_WORK), (interrupt, PAUSED), (cancel, GIVEN_UP)),
    "interrupted twice": (
        (begin, AT_WORK),
        (interrupt, PAUSED),
        (message, AT_WORK),
        (interrupt, PAUSED),
        (stop, GIVEN_UP),
    ),
    "the agent dies": ((begin, AT_WORK), (die, PAUSED), (message, AT_WORK), (end, DONE)),
    "the agent dies and it is cancelled": ((begin, AT_WORK), (die, PAUSED), (cancel, GIVEN_UP)),
    "waits for room": ((crowd, None), (trigger, PENDING), (make_room, AT_WORK), (end, DONE)),
    "waits and is stopped": ((crowd, None), (trigger, PENDING), (stop, GIVEN_UP)),
    "waits and is cancelled": ((crowd, None), (trigger, PENDING), (cancel, GIVEN_UP)),
    "waits and is interrupted": (
        (crowd, None),
        (trigger, PENDING),
        (interrupt, PAUSED),
        (message, PENDING),
        (make_room, AT_WORK),
    ),
    "resumed without room": (
        *((begin, AT_WORK), (interrupt, PAUSED), (crowd, None), (message, PENDING)),
        *((make_room, AT_WORK), (end, DONE)),
    ),
}


@pytest.mark.parametrize("name", STORIES)
async def test_status_session_and_task_agree(tmp_path: Path, name: str) -> None:
    """After every command and every fault all three say the same; so does each moment when it is looked back at."""
    async with running(Settings(data=tmp_path / "data", max_agents=1), tmp_path / "home") as api:
        codebase = await api.register()
        heads: list[tuple[int, object]] = []
        for step, expected in STORIES[name]:
            await step(api, codebase)
            if expected:
                await becomes(lambda: stands(api, codebase), expected)
                heads.append(((await api.get(f"/codebases/{codebase}/log"))["head"], expected))
                listed = await api.get(f"/codebases/{codebase}/tasks?status={expected[2]}")
                assert listed["total"] == 1
        for head, then in heads:
            assert await stands(api, codebase, f"?at={head}") == then


@pytest.mark.parametrize("way", ["crash", "end"])
async def test_after_the_servers_end(tmp_path: Path, way: str) -> None:
    """However the server ended, session and task are interrupted and say why; a message resumes both, and both complete."""
    before, after = tmp_path / "before", tmp_path / "after"
    async with running(Settings(data=before), tmp_path / "home") as api:
        codebase = await api.register()
        await begin(api, codebase)
        if way == "crash":
            await asyncio.to_thread(back_up, before, after, lambda _done, _of: None)  # as a crash leaves it
    data, reason = (after, "server_restarted") if way == "crash" else (before, "server_stopped")
    async with running(Settings(data=data), tmp_path / "home", agents=StandInAgents()) as api:
        assert await stands(api, codebase) == PAUSED
        task = (await api.get(f"/codebases/{codebase}/tasks"))["tasks"][0]
        whole: Any = await api.get(f"/tasks/{task['id']}")
        assert (whole["reason"], whole["code"]) == (reason, reason.upper())
        log = (await api.get(f"/codebases/{codebase}/log"))["events"]
        assert [one["data"]["code"] for one in log if one["type"] == "error"] == [reason.upper()]
        await message(api, codebase)
        await becomes(lambda: stands(api, codebase), AT_WORK)
        assert "code" not in await api.get(f"/tasks/{task['id']}")
        await end(api, codebase)
        await becomes(lambda: stands(api, codebase), DONE)


async def test_a_stop_that_takes_its_time(tmp_path: Path) -> None:
    """Until no process is left, a session that is being stopped is what it was, and its task and the status with it."""
    async with running(Settings(data=tmp_path / "data", max_agents=1), tmp_path / "home") as api:
        codebase = await api.register()
        await begin(api, codebase)
        await interrupt(api, codebase)
        with api.agents.slow_to_abort():
            head = api.service.store.head
            stopping = asyncio.ensure_future(stop(api, codebase))
            await becomes(lambda: _head_beyond(api, head), True)
            assert await stands(api, codebase) == PAUSED
        await stopping
        assert await stands(api, codebase) == GIVEN_UP


async def _head_beyond(api: Running, head: int) -> bool:
    return api.service.store.head > head
