"""What the real opencode asks of people, and the answers it gets."""

from scripts.scripted_model import ScriptedModel

from opencode_ledger.domain.codebase import facts as f

from .conftest import MakeLive
from .live import Live


async def test_a_permission_given_lets_the_tool_run(make_live: MakeLive) -> None:
    """The request names the tool and what it is for, without paths of the machine; after a yes the tool runs."""
    live = make_live(permission={"edit": "ask", "bash": "ask"})
    message = await live.prompt("write: p.txt = x\nsay: Written.")
    asked = await live.recorder.has(f.PermissionRequested)
    assert (asked.tool, asked.patterns, asked.args["filepath"]) == ("edit", ("p.txt",), "p.txt")
    assert asked.call_id == live.recorder.of(f.ToolStarted)[0].call_id
    await live.agent.answer(asked.agent_permission_id, "once", None)
    ended = await live.recorder.end_of(message)
    assert (ended.outcome, (live.directory / "p.txt").read_text()) == ("completed", "x")


async def test_a_permission_refused_ends_the_run(make_live: MakeLive) -> None:
    """A no without a reason ends the run as failed, and the tool was not run."""
    live = make_live(permission={"edit": "ask", "bash": "ask"})
    message = await live.prompt("bash: touch p.txt\nsay: Never said.")
    asked = await live.recorder.has(f.PermissionRequested)
    assert (asked.tool, asked.args["command"]) == ("bash", "touch p.txt")
    await live.agent.answer(asked.agent_permission_id, "reject", None)
    ended = await live.recorder.end_of(message)
    assert ended.failure and ended.failure.code == "PERMISSION_REJECTED"
    assert not (live.directory / "p.txt").exists()


async def test_a_refusal_with_a_reason_lets_the_agent_go_on(make_live: MakeLive) -> None:
    """A no with a reason reaches the model, which may try something else."""
    live = make_live(permission={"edit": "ask", "bash": "ask"})
    message = await live.prompt("write: p.txt = x\nsay: Then not.")
    asked = await live.recorder.has(f.PermissionRequested)
    await live.agent.answer(asked.agent_permission_id, "reject", "Use another file.")
    ended = await live.recorder.end_of(message)
    assert (ended.outcome, ended.summary) == ("completed", "Then not.")
    assert "Use another file." in live.recorder.of(f.ToolEnded)[0].output


async def test_an_answered_question_reaches_the_model(live: Live, model: ScriptedModel) -> None:
    """A question waits for its answers; they reach the model, and the run goes on."""
    message = await live.prompt("question: Which one? red / blue\nsay: Very well.")
    asked = await live.recorder.has(f.PermissionRequested)
    await live.agent.answer_question(asked.agent_permission_id, (("blue",),))
    ended = await live.recorder.end_of(message)
    assert (ended.outcome, ended.summary) == ("completed", "Very well.")
    assert '"Which one?"="blue"' in model.requests[-1].messages[-1].text
    settled = await live.recorder.has(f.PermissionSettled)
    assert (settled.reply, settled.answers) == ("once", (("blue",),))


async def test_a_question_rejected_ends_the_run(live: Live) -> None:
    """Without an answer the run ends as failed."""
    message = await live.prompt("question: Which one? red / blue\nsay: Never said.")
    asked = await live.recorder.has(f.PermissionRequested)
    await live.agent.answer_question(asked.agent_permission_id, None)
    ended = await live.recorder.end_of(message)
    assert ended.failure and ended.failure.code == "QUESTION_REJECTED"
