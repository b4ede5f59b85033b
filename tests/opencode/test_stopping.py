"""Stopping an agent, and interrupting one that starts: afterwards nothing runs, and everything was reported."""

import asyncio
import contextlib

from scripts.scripted_model import ScriptedModel

from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.ids import AgentPermissionId

from .live import Live

DAEMON = "setsid nohup sleep 987654 >/dev/null 2>&1 &"


async def test_an_interrupt_while_the_process_starts_executes_nothing(live: Live, model: ScriptedModel) -> None:
    """A prompt given up while opencode is still starting never reaches the model; the process serves the next one."""
    giving = asyncio.create_task(live.prompt("say: Never said."))
    await live.eventually(lambda: live.marked() != [])
    giving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await giving
    await live.agent.abort()
    ended = await live.run("say: Now.")
    assert ended.summary == "Now."
    assert [request.prompt for request in model.requests] == ["say: Now."]


async def test_after_a_stop_no_process_is_left(live: Live) -> None:
    """A stop ends opencode, the command that runs and the daemon that an earlier command left behind."""
    await live.prompt(f"bash: {DAEMON} sleep 0.1\nbash: sleep 600\nsay: Never said.")
    await live.recorder.has(f.ToolStarted, lambda tool: "600" in str(tool.args))
    await live.eventually(lambda: len(live.marked()) >= 3)
    await live.agent.stop()
    assert live.marked() == []
    assert not live.agent.alive
    assert not live.recorder.of(f.AgentDied)
    assert len(live.recorder.of(f.ToolEnded)) == 2


async def test_a_stop_before_anything_was_started_is_nothing(live: Live) -> None:
    """Stopping or interrupting an agent that never ran returns at once and reports nothing."""
    await live.agent.abort()
    await live.agent.stop()
    await live.agent.answer(AgentPermissionId("per_unknown"), "once", None)
    assert live.recorder.facts == []


async def test_a_stop_while_the_process_starts_leaves_nothing(live: Live) -> None:
    """A stop in the middle of the start ends the half-started process as well."""
    giving = asyncio.create_task(live.prompt("say: Never said."))
    await live.eventually(lambda: live.marked() != [])
    giving.cancel()
    await live.agent.stop()
    with contextlib.suppress(asyncio.CancelledError):
        await giving
    assert live.marked() == []
    assert live.recorder.facts == []
