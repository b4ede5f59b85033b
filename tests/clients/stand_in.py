"""An agent for the document's workflow, and what a client of it must have seen."""

import asyncio
from typing import Final

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.domain.codebase.effects import Prompt

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
