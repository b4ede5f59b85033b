"""Point in time: with `at`, status, sessions, messages and tasks answer as they would have then."""

from typing import Any

import pytest
from tests.support.service import Running, becomes

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.ids import CodebaseId


async def play(agent: ScriptedAgent, _prompt: Prompt) -> None:
    call = await agent.begin_tool("bash", {"command": "ls"})
    await agent.say("One.")
    await agent.end_tool(call, "bash", "a file")
    await agent.say("Two.")
    await agent.end("Done.")


async def everything(api: Running, codebase: str, at: object = None) -> list[Any]:
    """What the four views answer, and of each session the messages."""
    query = "" if at is None else f"at={at}"
    status = await api.get(f"/codebases/{codebase}/status?{query}")
    sessions = await api.get(f"/codebases/{codebase}/sessions?{query}")
    tasks = await api.get(f"/codebases/{codebase}/tasks?{query}")
    messages = [
        await api.get(f"/codebases/{codebase}/messages?session_id={session['id']}&{query}")
        for session in sessions["sessions"]
    ]
    return [status, sessions, tasks, messages]


async def idle(api: Running, codebase: CodebaseId) -> None:
    async def open_tasks() -> object:
        tasks = (await api.get(f"/codebases/{codebase}/tasks"))["tasks"]
        return {task["status"] for task in tasks} <= {"completed"} and (await api.status(codebase))["status"]

    await becomes(open_tasks, "idle")


async def test_as_it_was(api: Running) -> None:
    """What was answered at some moment is answered again for it, by number and by time, whatever happened since."""
    codebase = await api.register()
    answered = {await api.service.store.stream_head(codebase): await everything(api, codebase)}
    api.agents.play = play
    for number in range(3):
        await api.post(f"/codebases/{codebase}/tasks", {"title": f"t{number}", "prompt": "Go"})
        await idle(api, codebase)
        await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Go on"})
        await idle(api, codebase)
        answered[await api.service.store.stream_head(codebase)] = await everything(api, codebase)
    for sequence, answers in answered.items():
        assert await everything(api, codebase, sequence) == answers
    events = (await api.get(f"/codebases/{codebase}/log?limit=500"))["events"]
    last, answers = events[-1]["data"]["timestamp"], await everything(api, codebase)
    assert await everything(api, codebase, last) == answers
    assert await everything(api, codebase, last.replace("Z", "%2B00:00")) == answers


async def test_every_moment_of_a_run(api: Running) -> None:
    """At every event of a run the views agree with each other and only ever grow."""
    codebase = await api.register()
    api.agents.play = play
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Go"})
    await idle(api, codebase)
    before = ""
    for sequence in range(1, await api.service.store.stream_head(codebase) + 1):
        status, sessions, _tasks, messages = await everything(api, codebase, sequence)
        assert len(sessions["sessions"]) == len(messages) <= 1
        assert (status["status"] == "running") == ([s["status"] for s in sessions["sessions"]] == ["running"])
        text = "".join(message["content"] for page in messages for message in page["messages"])
        assert text.startswith(before)
        before = text
    assert before == "GoOne.Two."


async def test_a_deleted_codebase(api: Running) -> None:
    """A codebase that was deleted is hidden at every moment; its history is for auditors."""
    codebase = await api.register()
    assert (await api.ask("DELETE", f"/codebases/{codebase}")).status == 200
    assert (await api.ask("GET", f"/codebases/{codebase}/status?at=1")).status == 404
    assert (await api.get(f"/codebases/{codebase}/log"))["events"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("at=0", 400),
        ("at=99", 400),
        ("at=-1", 400),
        ("at=", 400),
        ("at=x", 400),
        ("at=1&at=1", 400),
        ("at=2001-01-01", 400),
        ("at=٧", 400),
        ("at=99999999999999999999999", 400),
        ("at=1", 200),
        ("at=9999-12-31T00:00:00Z", 200),
    ],
)
async def test_what_is_no_moment(api: Running, query: str, status: int) -> None:
    """What is no moment of the codebase is refused by every view, and by an unknown codebase too."""
    codebase = await api.register()
    for view in ("status", "sessions", "tasks"):
        assert (await api.ask("GET", f"/codebases/{codebase}/{view}?{query}")).status == status
    assert (await api.ask("GET", f"/codebases/cb_none/status?{query}")).status == 404
    answer = await api.ask("GET", f"/codebases/{codebase}/messages?session_id=sess_none&{query}")
    assert answer.status == (404 if status == 200 else 400)
