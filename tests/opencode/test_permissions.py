"""What the real opencode asks of people, and the answers it gets."""

import pytest
from scripts.scripted_model import ScriptedModel
from scripts.scripted_model.config import Permissions

from opencode_ledger.domain.codebase import facts as f

from .live import Live

pytestmark = pytest.mark.asyncio(loop_scope="module")

PERMISSION: Permissions = {"edit": "ask", "bash": "ask"}


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """The agent outlives a test of this module; what it leaves behind is looked for when it has ended."""


async def test_a_permission_given_lets_the_tool_run(kept: Live) -> None:
    """The request names the tool and what it is for, without paths of the machine; after a yes the tool runs."""
    message = await kept.prompt("write: p.txt = x\nsay: Written.")
    asked = await kept.recorder.has(f.PermissionRequested)
    assert (asked.tool, asked.patterns, asked.always, asked.args["filepath"]) == ("edit", ("p.txt",), ("*",), "p.txt")
    assert asked.call_id == kept.recorder.of(f.ToolStarted)[0].call_id
    await kept.agent.answer(asked.agent_permission_id, "once", None)
    ended = await kept.recorder.end_of(message)
    assert (ended.outcome, (kept.directory / "p.txt").read_text()) == ("completed", "x")


async def test_a_permission_refused_ends_the_run(kept: Live) -> None:
    """A no without a reason ends the run as failed, and the tool was not run."""
    message = await kept.prompt("bash: touch refused.txt\nsay: Never said.")
    asked = await kept.recorder.has(f.PermissionRequested)
    assert (asked.tool, asked.args["command"]) == ("bash", "touch refused.txt")
    await kept.agent.answer(asked.agent_permission_id, "reject", None)
    ended = await kept.recorder.end_of(message)
    assert ended.failure and ended.failure.code == "PERMISSION_REJECTED"
    assert not (kept.directory / "refused.txt").exists()


async def test_a_refusal_with_a_reason_lets_the_agent_go_on(kept: Live) -> None:
    """A no with a reason reaches the model, which may try something else."""
    message = await kept.prompt("write: other.txt = x\nsay: Then not.")
    asked = await kept.recorder.has(f.PermissionRequested)
    await kept.agent.answer(asked.agent_permission_id, "reject", "Use another file.")
    ended = await kept.recorder.end_of(message)
    assert (ended.outcome, ended.summary) == ("completed", "Then not.")
    assert "Use another file." in kept.recorder.of(f.ToolEnded)[0].output


async def test_an_answered_question_reaches_the_model(kept: Live, kept_model: ScriptedModel) -> None:
    """A question waits for its answers; they reach the model, and the run goes on."""
    message = await kept.prompt("question: Which one? red / blue\nsay: Very well.")
    asked = await kept.recorder.has(f.PermissionRequested)
    await kept.agent.answer_question(asked.agent_permission_id, (("blue",),))
    ended = await kept.recorder.end_of(message)
    assert (ended.outcome, ended.summary) == ("completed", "Very well.")
    assert '"Which one?"="blue"' in kept_model.requests[-1].messages[-1].text
    settled = await kept.recorder.has(f.PermissionSettled)
    assert (settled.reply, settled.answers) == ("once", (("blue",),))


async def test_a_question_rejected_ends_the_run(kept: Live) -> None:
    """Without an answer the run ends as failed."""
    message = await kept.prompt("question: Which one? red / blue\nsay: Never said.")
    asked = await kept.recorder.has(f.PermissionRequested)
    await kept.agent.answer_question(asked.agent_permission_id, None)
    ended = await kept.recorder.end_of(message)
    assert ended.failure and ended.failure.code == "QUESTION_REJECTED"
