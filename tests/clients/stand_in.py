"""An agent for the document's workflow, and what a client of it must have seen."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from tests.support.service import StandInAgents, running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.http.settings import Settings

from .programs import output_of

METADATA: Final = {"ticket": "J-1", "nested": {"list": [1, None, {"deep": True}]}}
PROMPT: Final = "Refactor the database module to use async/await"

EVENTS: Final = [
    ["session", f"build: {PROMPT}"],
    ["status", "running: Agent started"],
    ["output", "text: I look at the database module. "],
    ["permission", "bash"],
    ["permission", "once"],  # the wish, and what the agent took
    ["permission", "once"],
    ["tool_use", "bash"],
    ["file_change", "modify database.py"],
    ["output", "text: Now I add type hints. "],
    ["session", "stopped"],
    ["complete", "Stopped before the agent was done."],
]
"""The events of which a client reports more than the number, in their order, each with what it says."""

ROLES: Final = ["user", "assistant", "user", "assistant", "assistant"]
"""Whose the session's messages are, in their order."""


async def refactor(agent: ScriptedAgent, prompt: Prompt) -> None:
    """Ask for leave and change a file; with the follow-up, be at work until somebody stops it."""
    if prompt.text != PROMPT:
        await agent.say("Now I add type hints. ")
        await asyncio.get_running_loop().create_future()
    await agent.say("I look at the database module. ")
    await agent.leave_for("bash", {"command": "make test"})
    call = await agent.begin_tool("bash", {"command": "make test"})
    await agent.end_tool(call, "bash", "ok\n")
    await agent.change_file("database.py", "modify")


async def seen_by(program: Path, node: str, folder: Path) -> dict[str, Any]:
    """What a client in JavaScript says of the workflow that it did on a service. Both clients must agree on most of it."""
    async with running(Settings(data=folder / "data"), folder / "home", agents=StandInAgents(refactor)) as service:
        url = f"http://127.0.0.1:{service.port}"
        seen: dict[str, Any] = json.loads(await output_of(node, program, url, str(service.directory("my-app"))))
    assert seen["available"] is True
    named = {name for name, _ in EVENTS}
    events = [event for event in seen["events"] if event[0] in named]
    assert [event for event in events if event in EVENTS] == EVENTS, events[-4:]
    assert (seen["sessions"], seen["task"]) == ([[True, "stopped"]], ["cancelled", METADATA])
    assert (seen["roles"], seen["part"]) == (ROLES, [len(ROLES), ROLES[1:3]])
    assert seen["lines"] > len(seen["events"])
    return seen
