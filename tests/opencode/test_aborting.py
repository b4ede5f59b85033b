"""Interrupting and stopping an agent: afterwards nothing runs, and everything was reported."""

import asyncio
import contextlib

from scripts.scripted_model import ScriptedModel

from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.ids import AgentPermissionId

from .conftest import MakeLive
from .live import Live

DAEMON = "setsid nohup sleep 987654 >/dev/null 2>&1 &"


async def test_an_interrupt_during_text_keeps_what_was_said(live: Live, model: ScriptedModel) -> None:
    """After an interrupt in mid-sentence nothing more comes, what came stays, and a message goes on from there."""
    await live.prompt("say 0.05: " + "word " * 400)
    await live.recorder.has(f.TextStreamed)
    await live.agent.abort()
    said, asked = live.recorder.text, len(model.requests)
    assert said.startswith("word")
    assert not live.recorder.of(f.RunEnded)
    ended = await live.run("say: Here again.")
    assert ended.summary == "Here again."
    assert live.recorder.text == said + "Here again."
    assert len(model.requests) == asked + 1


async def test_an_interrupt_ends_the_running_command(live: Live) -> None:
    """A shell command that runs is ended by the interrupt; what it had done is reported, what was to come never happens."""
    await live.prompt("bash: touch early.txt; sleep 60; touch late.txt\nsay: Never said.")
    await live.recorder.has(f.ToolStarted)
    await live.eventually((live.directory / "early.txt").exists)
    await live.agent.abort()
    assert len(live.recorder.of(f.ToolEnded)) == 1
    assert [(change.action, change.path) for change in live.recorder.of(f.FileChanged)] == [("create", "early.txt")]
    assert not live.recorder.of(f.RunEnded)
    assert len(live.marked()) == 1
    await live.agent.abort()
    assert not (live.directory / "late.txt").exists()


async def test_an_interrupt_refuses_what_was_asked(make_live: MakeLive) -> None:
    """A permission that waits when the interrupt comes is refused, and a yes that comes too late does nothing."""
    live = make_live(permission={"edit": "ask", "bash": "ask"})
    await live.prompt("write: asked.txt = x\nsay: Never said.")
    asked = await live.recorder.has(f.PermissionRequested)
    await live.agent.abort()
    await live.agent.answer(asked.agent_permission_id, "once", None)
    assert live.agent.connection is not None
    assert await live.agent.connection.client.permissions() == []
    ended = await live.run("say: Here again.")
    assert ended.summary == "Here again."
    assert not (live.directory / "asked.txt").exists()


async def test_an_interrupt_rejects_a_question(live: Live) -> None:
    """A question that waits when the interrupt comes is rejected, and an answer that comes too late does nothing."""
    await live.prompt("question: Which one? a / b\nsay: Never said.")
    asked = await live.recorder.has(f.PermissionRequested)
    assert asked.kind == "question"
    await live.agent.abort()
    await live.agent.answer_question(asked.agent_permission_id, (("a",),))
    assert live.agent.connection is not None
    assert await live.agent.connection.client.questions() == []
    ended = await live.run("say: Here again.")
    assert ended.summary == "Here again."
    assert "Never said." not in live.recorder.text


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


async def test_an_interrupt_right_after_a_prompt_executes_nothing(live: Live) -> None:
    """A prompt that is given up at once is not carried out behind the interrupt's back, however close they are."""
    await live.run("say: Warm.")
    for round_number in range(3):
        giving = asyncio.create_task(live.prompt(f"bash: sleep 5; touch behind{round_number}.txt\nsay: Never."))
        await asyncio.sleep(0.005 * round_number)
        giving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await giving
        await live.agent.abort()
        assert live.agent.connection is not None
        assert await live.agent.connection.client.statuses() == {}
    ended = await live.run("say: Warm still.")
    assert ended.summary == "Warm still."
    assert list(live.directory.glob("behind*")) == []


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


async def test_an_interrupt_reaches_a_subagent_that_asks(make_live: MakeLive) -> None:
    """A helper that waits for leave is refused by the interrupt too, and its tool is never run."""
    live = make_live(permission={"edit": "ask", "bash": "ask"})
    await live.prompt("task: A job | write: sub.txt = x\nsay: Never said.")
    asked = await live.recorder.has(f.PermissionRequested)
    assert asked.subagent is not None
    await live.agent.abort()
    assert live.agent.connection is not None
    assert await live.agent.connection.client.permissions() == []
    assert await live.agent.connection.client.statuses() == {}
    assert not (live.directory / "sub.txt").exists()
    assert not live.recorder.of(f.RunEnded)
