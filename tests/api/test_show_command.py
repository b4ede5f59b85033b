"""`opencode-ledger audit show` and `diff`: a person reads in the log what happened, at the end or at any moment."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.command_line import Command, run_here
from tests.support.process import Ended
from tests.support.service import Running, becomes

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.ids import CodebaseId


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], api: Running) -> Command:
    """Runs an auditor's command line on the service's data."""
    monkeypatch.setenv("COLUMNS", "120")
    data = ("--data", api.service.settings.data)

    def audit(*arguments: object) -> Ended:
        return run_here(monkeypatch, capsys, "audit", *arguments, *data)

    return partial(asyncio.to_thread, audit)


async def play(agent: ScriptedAgent, _prompt: Prompt) -> None:
    """An agent that thinks, asks, uses tools and answers."""
    await agent.say("I should look first.", "reasoning")
    await agent.say("I'll write the tests.")
    call = await agent.begin_tool("bash", {"command": "pytest -q"})
    await agent.leave_for("bash", {"command": "pytest -q"})
    await agent.end_tool(call, "bash", "\n".join(f"line {n}" for n in range(40)) + "\x1b[2J")
    await agent.change_file("tests/test_auth.py")
    await agent.end("All tests pass.")


@pytest.fixture
async def codebase(api: Running) -> CodebaseId:
    api.agents.play = play
    codebase = await api.register(agent_config={"auto_approve": True})
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "Add tests\nfor login"})

    async def status() -> object:
        return (await api.status(codebase))["status"]

    await becomes(status, "idle")
    return codebase


async def session_of(api: Running, codebase: CodebaseId) -> Any:
    (session,) = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    return session


async def test_the_story_of_a_session(api: Running, codebase: CodebaseId, command: Command) -> None:
    """A session reads from its prompt to its end, in order, with tools, decisions, files and costs."""
    session = await session_of(api, codebase)
    ended = await command("show", codebase, session["id"])
    assert (ended.code, ended.errors) == (0, "")
    printed = [
        "started with build",
        "Add tests",
        "for login",
        "I should look first.",
        "I'll write the tests.",
        "bash pytest -q",
        "line 19",
        "20 more lines (--full)",
        "bash pytest -q: allowed once by auto_approve",
        "create tests/test_auth.py",
        "task       completed",
    ]
    places = [ended.output.index(words) for words in printed]
    assert places == sorted(places), ended.output
    assert "line 20" not in ended.output
    full = await command("show", codebase, session["id"], "--full")
    assert "line 39" in full.output
    assert "\x1b" not in full.output


async def test_the_story_up_to_a_moment(api: Running, codebase: CodebaseId, command: Command) -> None:
    """A session can be read as far as it had gone at an event or at a time."""
    session = await session_of(api, codebase)
    events = (await api.get(f"/codebases/{codebase}/log?limit=500"))["events"]
    asked = next(event for event in events if event["type"] == "permission")
    for at in (asked["sequence"], asked["data"]["timestamp"]):
        ended = await command("show", codebase, session["id"], "--at", at)
        assert ended.code == 0
        assert "I'll write the tests." in ended.output
        assert "test_auth" not in ended.output
    assert "[not decided yet]" in (await command("show", codebase, session["id"], "--at", asked["sequence"])).output


async def test_the_list_of_codebases(api: Running, codebase: CodebaseId, command: Command) -> None:
    """Without a codebase those of the log are listed, also the deleted ones: so their ids are found without a server."""
    deleted = await api.register("left")
    await api.ask("DELETE", f"/codebases/{deleted}")
    lines = (await command("show")).output.splitlines()
    assert [line.split()[0] for line in lines] == [codebase, deleted]
    assert ["deleted" in line for line in lines] == [False, True]
    assert lines[0].endswith(f" events  my-project  {api.directory('my-project')}")


async def test_the_list_of_sessions(api: Running, codebase: CodebaseId, command: Command) -> None:
    """Without a session the codebase's sessions are listed, as they were."""
    session = await session_of(api, codebase)
    ended = await command("show", codebase)
    assert session["id"] in ended.output
    assert "completed" in ended.output
    assert "Add tests for l" in ended.output
    then = await command("show", codebase, "--at", 5)
    assert "running" in then.output
    assert session["id"] not in (await command("show", codebase, "--at", 1)).output


async def test_what_changed(api: Running, codebase: CodebaseId, command: Command) -> None:
    """The difference of two moments names each fact that changed, and nothing else."""
    session = await session_of(api, codebase)
    ended = await command("diff", codebase, 5)
    assert f"sessions  {session['id']}  running → completed (1 message): Add tests for login" in ended.output
    started = await command("diff", codebase, 1, 5)
    assert f"sessions  {session['id']}  began by local, running (1 message)" in started.output
    assert "There are no visible changes." in (await command("diff", codebase, 5, 5)).output
    assert not await asyncio.to_thread(Path(":memory:").exists), "an auditor's look leaves no file behind"


async def test_what_is_not_there(api: Running, codebase: CodebaseId, command: Command) -> None:
    """For what the log doesn't have there is one sentence."""
    cases = {
        ("show", "cb_none"): ("no codebase cb_none; `opencode-ledger audit show`", 2),
        ("show", codebase, "sess_none"): ("no session sess_none", 2),
        ("show", codebase, "--at", 9999): ("`--at` is 9999, but " + codebase + " has only the events 1 to", 2),
        ("show", codebase, "--at", 0): ("only the events 1 to", 2),
        ("show", codebase, "--at", "yesterday"): ("must be an event's number or a time", 2),
        ("show", codebase, "--at", "2001-01-01"): ("before the first event", 2),
        ("show", "--at", 3): ("--at needs a CODEBASE", 2),
        ("diff", codebase, "9999"): ("`FROM` is 9999", 2),
        ("diff", codebase, "x"): ("`FROM` must be", 2),
        ("diff", codebase, "1", "yesterday"): ("`TO` must be", 2),
    }
    for arguments, (words, code) in cases.items():
        ended = await command(*arguments)
        assert (ended.code, ended.output) == (code, ""), ended
        assert words in ended.errors


async def test_a_deleted_codebase_s_sessions(api: Running, codebase: CodebaseId, command: Command) -> None:
    """What was done in a codebase that is deleted can be read as before; so can what changed up to its end."""
    session = await session_of(api, codebase)
    before = await command("show", codebase, session["id"])
    assert (await api.ask("DELETE", f"/codebases/{codebase}")).status == 200
    listed = await command("show", codebase)
    assert "agent     deleted\n" in listed.output
    assert session["id"] in listed.output
    after = await command("show", codebase, session["id"])
    assert after.output.partition("\n\n")[2] == before.output.partition("\n\n")[2]
    assert "agent     idle → deleted\n" in (await command("diff", codebase, 1)).output
