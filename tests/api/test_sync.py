"""Sync over HTTP: the document's answer, what sessions and messages show of it, and what is refused."""

from time import time

import pytest
from tests.api.test_document import Id, Moment
from tests.support.service import Running

from opencode_ledger.domain.ids import CodebaseId


async def worked_in(api: Running, *names: str) -> CodebaseId:
    """A codebase in whose directory a person had these sessions, a question and an answer in each."""
    codebase = await api.register()
    for name in names:
        api.agents.histories.begin(name, str(api.directory("my-project")), title="A chat")
        api.agents.histories.prompt(name, "What is this?")
        api.agents.histories.answer(name, "A shop.")
    return codebase


async def test_sync(api: Running) -> None:
    """The document's answer counts the sessions that brought something; a second sync of the same counts none."""
    codebase = await worked_in(api, *(f"ses_{number}" for number in range(5)))
    assert await api.post(f"/codebases/{codebase}/sessions/sync") == {
        "success": True,
        "synced": 5,
        "message": "Synced 5 sessions from OpenCode",
    }
    again = await api.post(f"/codebases/{codebase}/sessions/sync", {})
    assert (again["synced"], again["message"]) == (0, "Synced 0 sessions from OpenCode")
    assert (await api.get(f"/codebases/{codebase}/sessions"))["total"] == 5


async def test_an_imported_session(api: Running) -> None:
    """An imported session has the document's fields with the times of its own making, and is marked as imported."""
    codebase = await worked_in(api, "ses_1")
    await api.post(f"/codebases/{codebase}/sessions/sync")
    (session,) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert session == {
        "id": "sess_1",
        "codebase_id": codebase,
        "started_at": "2025-12-10T15:30:00.000Z",
        "ended_at": "2025-12-10T15:30:03.000Z",
        "status": "completed",
        "model": "test/model",
        "prompt": "What is this?",
        "messages_count": 2,
        "agent": "build",
        "task_id": None,
        "tokens": {"input": 10, "output": 2, "reasoning": 0, "cache_read": 0, "cache_write": 0},
        "cost": 0.5,
        "imported": True,
        "title": "A chat",
    }
    assert (await api.get(f"/codebases/{codebase}/messages?session_id=sess_1"))["messages"] == [
        {
            "id": Id("msg"),
            "role": "user",
            "content": "What is this?",
            "timestamp": "2025-12-10T15:30:01.000Z",
            "model": "test/model",
            "imported": True,
        },
        {
            "id": Id("msg"),
            "role": "assistant",
            "content": "A shop.",
            "timestamp": "2025-12-10T15:30:02.000Z",
            "model": "test/model",
            "imported": True,
        },
    ]


async def test_the_latest_is_shown(api: Running) -> None:
    """A message that went on since it was imported is shown as it is now, with its costs counted once."""
    codebase = await worked_in(api)
    histories = api.agents.histories
    histories.begin("ses_1", str(api.directory("my-project")))
    histories.prompt("ses_1", "Go")
    answer = histories.answer("ses_1", "I beg", finished=False)
    histories.call("ses_1", answer, "call_1", "bash", status="running", input={"command": "ls"})
    assert (await api.post(f"/codebases/{codebase}/sessions/sync"))["synced"] == 1
    (session,) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert session["status"] == "stopped"
    histories.say("ses_1", answer, "I began and ended.")
    histories.call("ses_1", answer, "call_1", "bash", status="completed", input={"command": "ls"}, output="a.py")
    histories.finish("ses_1", answer)
    assert (await api.post(f"/codebases/{codebase}/sessions/sync"))["synced"] == 1
    (session,) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert (session["status"], session["messages_count"], session["cost"]) == ("completed", 2, 0.5)
    said = (await api.get(f"/codebases/{codebase}/messages?session_id=sess_1"))["messages"]
    assert said[1] == {
        "id": answer,
        "role": "assistant",
        "content": "I began and ended.",
        "timestamp": Moment(),
        "model": "test/model",
        "imported": True,
        "tools": [
            {"tool": "bash", "args": {"command": "ls"}, "call_id": "call_1", "status": "completed", "output": "a.py"}
        ],
    }


async def test_an_answer_that_failed(api: Running) -> None:
    """A message that ended with an error shows it, and its session is failed."""
    codebase = await worked_in(api, "ses_1")
    error = {"name": "APIError", "data": {"message": "Too many requests", "statusCode": 429}}
    api.agents.histories.answer("ses_1", "", error=error)
    await api.post(f"/codebases/{codebase}/sessions/sync")
    (session,) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert session["status"] == "failed"
    said = (await api.get(f"/codebases/{codebase}/messages?session_id=sess_1"))["messages"]
    assert (said[2]["content"], said[2]["error"]) == ("", "Too many requests")


async def test_sessions_stand_by_when_they_began(api: Running) -> None:
    """Newest first holds for all sessions: an old one that comes in today stands behind one of today."""
    codebase = await worked_in(api, "ses_1", "ses_2")
    today = (await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Go"}))["session_id"]
    await api.post(f"/codebases/{codebase}/sessions/sync")
    listed = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert [session["id"] for session in listed] == [today, "sess_2", "sess_1"]


async def test_a_helpers_session_names_its_parent(api: Running) -> None:
    """A session of a subagent is shown under the one that it was made for."""
    codebase = await worked_in(api, "ses_1")
    histories = api.agents.histories
    histories.begin("ses_2", str(api.directory("my-project")), parent="ses_1")
    histories.prompt("ses_2", "Look around")
    await api.post(f"/codebases/{codebase}/sessions/sync")
    listed = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert [session.get("parent_id") for session in listed] == ["sess_1", None]


async def test_the_streams_carry_it(api: Running) -> None:
    """A subscriber of an imported session gets its events like those of any other, and then the end of the stream."""
    codebase = await worked_in(api, "ses_1", "ses_2")
    await api.post(f"/codebases/{codebase}/sessions/sync")
    url = f"/v1/opencode/codebases/{codebase}/events?session_id=sess_2"
    async with api.client.get(url) as response:
        text = (await response.read()).decode()
    names = [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]
    assert names == ["session", "message_imported", "message_imported"]


@pytest.mark.parametrize("body", [[], "x", {"more": 1}])
async def test_bad_bodies(api: Running, body: object) -> None:
    """A sync takes no members: anything else than an empty object is 400, and nothing is read or recorded."""
    codebase = await worked_in(api, "ses_1")
    answer = await api.ask("POST", f"/codebases/{codebase}/sessions/sync", body)
    assert (answer.status, answer.body["code"]) == (400, "invalid_input")
    assert api.agents.histories.opened == 0


async def test_what_cannot_be_synced(api: Running) -> None:
    """An unknown codebase is 404; without opencode it is 503 and says so."""
    unknown = await api.ask("POST", "/codebases/cb_none/sessions/sync")
    assert (unknown.status, unknown.body["code"]) == (404, "codebase_not_found")
    codebase = await worked_in(api, "ses_1")
    api.agents.problem = "opencode is not there."
    answer = await api.ask("POST", f"/codebases/{codebase}/sessions/sync")
    assert (answer.status, answer.body) == (503, {"detail": "opencode is not there.", "code": "agent_unavailable"})
    assert (await api.get(f"/codebases/{codebase}/sessions"))["total"] == 0


async def test_untrusted_configuration_is_no_obstacle(api: Running) -> None:
    """Nothing of the project is run by a sync, so one that brings its own configuration is synced like any other."""
    codebase = await worked_in(api, "ses_1")
    api.agents.untrusted.add(str(api.directory("my-project")))
    assert (await api.post(f"/codebases/{codebase}/sessions/sync"))["synced"] == 1


async def test_skipped_sessions_are_counted(api: Running) -> None:
    """Sessions that can't come in keep no other out; the answer counts them and says why, and so does a repetition of it."""
    codebase = await worked_in(api, "ses_1", "ses_1/message?x=", "ses_2")
    api.agents.histories.unreadable = {"ses_2"}
    said = (
        "Synced 1 session from OpenCode; skipped, or only partly imported: 1 session that opencode can't read, "
        "1 session under names that opencode doesn't give"
    )
    assert await api.post(f"/codebases/{codebase}/sessions/sync") == {
        "success": True,
        "synced": 1,
        "message": said,
        "skipped": 2,
    }
    listed = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert [session["id"] for session in listed] == ["sess_1"]


async def test_a_session_that_somebody_is_still_at(api: Running) -> None:
    """A session that is at work elsewhere is shown as running, without an end, and its stream waits for more."""
    codebase = await worked_in(api)
    histories = api.agents.histories
    histories.begin("ses_1", str(api.directory("my-project")))
    histories.prompt("ses_1", "Go")
    answer = histories.answer("ses_1", "I beg", finished=False)
    moment = int(time() * 1000)
    histories.made["ses_1"].info["time"] = {"created": moment - 5000, "updated": moment}
    assert (await api.post(f"/codebases/{codebase}/sessions/sync"))["synced"] == 1
    (session,) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert (session["status"], session["ended_at"]) == ("running", None)
    assert (await api.get(f"/codebases/{codebase}/status"))["status"] == "idle"
    histories.finish("ses_1", answer)
    assert (await api.post(f"/codebases/{codebase}/sessions/sync"))["synced"] == 1
    (session,) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    assert session["status"] == "completed"
    assert session["ended_at"] >= session["started_at"]
