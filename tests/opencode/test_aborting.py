"""Interrupting an agent: afterwards nothing runs, and everything was reported."""

import asyncio
import contextlib

import pytest
from scripts.scripted_model import ScriptedModel
from scripts.scripted_model.config import Permissions

from opencode_ledger.domain.codebase import facts as f

from .live import Live

pytestmark = pytest.mark.asyncio(loop_scope="module")

PERMISSION: Permissions = {"edit": "ask"}


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """The agent outlives a test of this module; what it leaves behind is looked for when it has ended."""


async def test_an_interrupt_during_text_keeps_what_was_said(kept: Live, kept_model: ScriptedModel) -> None:
    """After an interrupt in mid-sentence nothing more comes, what came stays, and a message goes on from there."""
    await kept.prompt("say 0.05: " + "word " * 400)
    await kept.recorder.has(f.TextStreamed)
    await kept.agent.abort()
    said, asked = kept.recorder.text, len(kept_model.requests)
    assert said.startswith("word")
    assert not kept.recorder.of(f.RunEnded)
    ended = await kept.run("say: Here again.")
    assert ended.summary == "Here again."
    assert kept.recorder.text == said + "Here again."
    assert len(kept_model.requests) == asked + 1


async def test_an_interrupt_ends_the_running_command(kept: Live) -> None:
    """A shell command that runs is ended by the interrupt; what it had done is reported, what was to come never happens."""
    await kept.prompt("bash: touch early.txt; sleep 60; touch late.txt\nsay: Never said.")
    await kept.recorder.has(f.ToolStarted)
    await kept.eventually((kept.directory / "early.txt").exists)
    await kept.agent.abort()
    assert len(kept.recorder.of(f.ToolEnded)) == 1
    assert [(change.action, change.path) for change in kept.recorder.of(f.FileChanged)] == [("create", "early.txt")]
    assert not kept.recorder.of(f.RunEnded)
    assert len(kept.marked()) == 1
    await kept.agent.abort()
    assert not (kept.directory / "late.txt").exists()


async def test_an_interrupt_refuses_what_was_asked(kept: Live) -> None:
    """A permission that waits when the interrupt comes is refused, and a yes that comes too late does nothing."""
    await kept.prompt("write: asked.txt = x\nsay: Never said.")
    asked = await kept.recorder.has(f.PermissionRequested)
    await kept.agent.abort()
    await kept.agent.answer(asked.agent_permission_id, "once", None)
    assert kept.agent.connection is not None
    assert await kept.agent.connection.client.permissions() == []
    ended = await kept.run("say: Here again.")
    assert ended.summary == "Here again."
    assert not (kept.directory / "asked.txt").exists()


async def test_an_interrupt_rejects_a_question(kept: Live) -> None:
    """A question that waits when the interrupt comes is rejected, and an answer that comes too late does nothing."""
    await kept.prompt("question: Which one? a / b\nsay: Never said.")
    asked = await kept.recorder.has(f.PermissionRequested)
    assert asked.kind == "question"
    await kept.agent.abort()
    await kept.agent.answer_question(asked.agent_permission_id, (("a",),))
    assert kept.agent.connection is not None
    assert await kept.agent.connection.client.questions() == []
    ended = await kept.run("say: Here again.")
    assert ended.summary == "Here again."
    assert "Never said." not in kept.recorder.text


async def test_an_interrupt_right_after_a_prompt_executes_nothing(kept: Live) -> None:
    """A prompt that is given up at once is not carried out behind the interrupt's back, however close they are."""
    await kept.run("say: Warm.")
    for round_number in range(3):
        giving = asyncio.create_task(kept.prompt(f"bash: sleep 5; touch behind{round_number}.txt\nsay: Never."))
        await asyncio.sleep(0.005 * round_number)
        giving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await giving
        await kept.agent.abort()
        assert kept.agent.connection is not None
        assert await kept.agent.connection.client.statuses() == {}
    ended = await kept.run("say: Warm still.")
    assert ended.summary == "Warm still."
    assert list(kept.directory.glob("behind*")) == []


async def test_an_interrupt_reaches_a_subagent_that_asks(kept: Live) -> None:
    """A helper that waits for leave is refused by the interrupt too, and its tool is never run."""
    await kept.prompt("task: A job | write: sub.txt = x\nsay: Never said.")
    asked = await kept.recorder.has(f.PermissionRequested)
    assert asked.subagent is not None
    await kept.agent.abort()
    assert kept.agent.connection is not None
    assert await kept.agent.connection.client.permissions() == []
    assert await kept.agent.connection.client.statuses() == {}
    assert not (kept.directory / "sub.txt").exists()
    assert not kept.recorder.of(f.RunEnded)
