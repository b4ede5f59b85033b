"""A task's life over HTTP: every command in each of its states. What is illegal is 409 and changes nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from tests.support.service import Running, becomes

from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.ids import CodebaseId

from .test_life_cycle import Stage


@dataclass(frozen=True)
class State:
    """A state of a task: its status, the phase of its codebase's agent, and the way there, which gives the task's id."""

    status: str
    phase: Phase
    reach: Callable[[Running, CodebaseId], Awaitable[str]]


async def queue(api: Running, codebase: CodebaseId) -> str:
    task = await api.post(f"/codebases/{codebase}/tasks", {"title": "x", "prompt": "do x", "metadata": {"a": 1}})
    return str(task["task"]["id"])


async def pending(api: Running, codebase: CodebaseId) -> str:
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Start"})
    await api.agent_at_work(codebase)
    return await queue(api, codebase)


async def waiting(api: Running, codebase: CodebaseId) -> str:
    await Stage(api, codebase).fill_all_rooms()
    return str((await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Start"}))["task_id"])


async def at_work(api: Running, codebase: CodebaseId) -> str:
    task = await queue(api, codebase)
    await api.agent_at_work(codebase)
    return task


async def interrupted(api: Running, codebase: CodebaseId) -> str:
    task = await at_work(api, codebase)
    await api.post(f"/codebases/{codebase}/interrupt")
    return task


async def completed(api: Running, codebase: CodebaseId) -> str:
    task = await at_work(api, codebase)
    await api.agents.of(codebase).end("Well done.")
    return task


async def failed(api: Running, codebase: CodebaseId) -> str:
    task = await at_work(api, codebase)
    await api.agents.of(codebase).end(error="Model rate limit exceeded")
    return task


async def cancelled(api: Running, codebase: CodebaseId) -> str:
    task = await at_work(api, codebase)
    await api.post(f"/tasks/{task}/cancel")
    return task


async def stopped(api: Running, codebase: CodebaseId) -> str:
    task = await at_work(api, codebase)
    await api.post(f"/codebases/{codebase}/stop")
    return task


async def cancelled_in_the_queue(api: Running, codebase: CodebaseId) -> str:
    task = await pending(api, codebase)
    await api.post(f"/tasks/{task}/cancel")
    return task


STATES = {
    "pending": State("pending", Phase.RUNNING, pending),
    "waiting for room": State("pending", Phase.WAITING, waiting),
    "running": State("running", Phase.RUNNING, at_work),
    "interrupted": State("interrupted", Phase.INTERRUPTED, interrupted),
    "completed": State("completed", Phase.IDLE, completed),
    "failed": State("failed", Phase.IDLE, failed),
    "cancelled": State("cancelled", Phase.IDLE, cancelled),
    "stopped": State("cancelled", Phase.IDLE, stopped),
    "cancelled in the queue": State("cancelled", Phase.RUNNING, cancelled_in_the_queue),
}

ENDED = ("completed", "failed", "cancelled")

AGENT_COMMANDS: dict[str, tuple[dict[str, str] | None, set[Phase]]] = {
    "trigger": ({"prompt": "Another"}, {Phase.IDLE, Phase.INTERRUPTED}),
    "message": ({"message": "More"}, {Phase.RUNNING, Phase.WAITING, Phase.INTERRUPTED}),
    "interrupt": (None, {Phase.RUNNING, Phase.WAITING}),
    "stop": (None, {Phase.RUNNING, Phase.WAITING, Phase.INTERRUPTED}),
}
"""Each command to the agent with its body and the phases in which it is legal."""


async def reached(api: Running, state: State) -> tuple[CodebaseId, str]:
    """A codebase and a task of it in this state."""
    codebase = await api.register()
    stage, task = Stage(api, codebase), await state.reach(api, codebase)

    async def now() -> object:
        return (await api.get(f"/tasks/{task}"))["status"], await stage.phase()

    await becomes(now, (state.status, state.phase))
    return codebase, task


@pytest.mark.parametrize("name", STATES)
async def test_cancel(api: Running, name: str) -> None:
    """A task that hasn't ended is cancelled, wherever it stands; one that has is 409 and stays as it is."""
    state = STATES[name]
    codebase, task = await reached(api, state)
    before, head = await api.get(f"/tasks/{task}"), api.service.store.head
    answer = await api.ask("POST", f"/tasks/{task}/cancel")
    if state.status in ENDED:
        assert (answer.status, answer.body["code"]) == (409, "task_ended")
        assert (await api.get(f"/tasks/{task}"), api.service.store.head) == (before, head)
    else:
        assert (answer.status, answer.body["success"]) == (200, True)
        assert (await api.get(f"/tasks/{task}"))["status"] == "cancelled"
        again = await api.ask("POST", f"/tasks/{task}/cancel")
        assert (again.status, again.body["code"]) == (409, "task_ended")
        if name == "pending":
            assert (await api.status(codebase))["status"] == "running", "another's session goes on"


@pytest.mark.parametrize("name", STATES)
async def test_looking_changes_nothing(api: Running, name: str) -> None:
    """In every state a task is found by its id and in both lists, under its status, and looking records nothing."""
    state = STATES[name]
    codebase, task = await reached(api, state)
    head = api.service.store.head
    whole = await api.get(f"/tasks/{task}")
    for path in ("/tasks", f"/codebases/{codebase}/tasks"):
        for query in ("", f"?status={state.status}"):
            (listed,) = [found for found in (await api.get(path + query))["tasks"] if found["id"] == task]
            assert listed["status"] == state.status
            assert listed.items() <= whole.items()
        for other in {"pending", "running", "interrupted", *ENDED} - {state.status}:
            assert task not in [found["id"] for found in (await api.get(f"{path}?status={other}"))["tasks"]]
    assert api.service.store.head == head


@pytest.mark.parametrize("command", AGENT_COMMANDS)
@pytest.mark.parametrize("name", STATES)
async def test_commands_to_its_agent(api: Running, name: str, command: str) -> None:
    """A command to the agent that the agent's phase forbids is 409 and leaves the task as it is; the others are done."""
    state = STATES[name]
    codebase, task = await reached(api, state)
    body, legal = AGENT_COMMANDS[command]
    before, head = await api.get(f"/tasks/{task}"), api.service.store.head
    answer = await api.ask("POST", f"/codebases/{codebase}/{command}", body)
    if state.phase in legal:
        assert answer.status == 200, answer
        return
    assert answer.status == 409
    assert (await api.get(f"/tasks/{task}"), api.service.store.head) == (before, head)


@pytest.mark.parametrize("name", STATES)
async def test_a_new_task_beside_it(api: Running, name: str) -> None:
    """Whatever became of a task, another one can be queued, and the first stays as it is."""
    codebase, task = await reached(api, STATES[name])
    before = await api.get(f"/tasks/{task}")
    other = await queue(api, codebase)
    assert other != task
    assert await api.get(f"/tasks/{task}") == before


@pytest.mark.parametrize("name", STATES)
async def test_its_codebase_deleted(api: Running, name: str) -> None:
    """With its codebase a task in any state is gone: 404 for every command."""
    codebase, task = await reached(api, STATES[name])
    assert (await api.ask("DELETE", f"/codebases/{codebase}")).status == 200
    head = api.service.store.head
    for method, path in (("GET", ""), ("POST", "/cancel")):
        answer = await api.ask(method, f"/tasks/{task}{path}")
        assert (answer.status, answer.body["code"]) == (404, "task_not_found")
    assert api.service.store.head == head
