"""What an agent does when nothing goes wrong, on the real opencode with a scripted model."""

import asyncio

import pytest
from scripts.scripted_model import ScriptedModel

from opencode_ledger.domain.codebase import facts as f

from .live import Live

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS = " ".join(f"word{number}" for number in range(200))


@pytest.fixture(autouse=True)
def leaves_nothing_behind() -> None:
    """The agent outlives a test of this module; what it leaves behind is looked for when it has ended."""


def changes(live: Live) -> list[tuple[str, str]]:
    return [(change.action, change.path) for change in live.recorder.of(f.FileChanged)]


async def test_text_is_streamed_in_order_and_whole(kept: Live) -> None:
    """A reader who joins the pieces of text has exactly what the model said, and saw it come bit by bit."""
    ended = await kept.run(f"say 0.004: {WORDS}")
    assert kept.recorder.text == WORDS
    assert len(kept.recorder.of(f.TextStreamed)) > 5
    assert (ended.failure, ended.summary) == (None, WORDS)
    assert kept.recorder.facts[-1] == ended
    assert [opened.model for opened in kept.recorder.of(f.SessionOpened)] == ["stub/stub-1"]
    assert sum(used.cost for used in kept.recorder.of(f.StepUsed)) > 0


async def test_reasoning_is_kept_apart_from_text(kept: Live) -> None:
    """What the model thinks is streamed as reasoning and is no part of its last words."""
    ended = await kept.run("think: Let me see.\nsay: It is so.")
    thoughts = [piece.content for piece in kept.recorder.of(f.TextStreamed) if piece.kind == "reasoning"]
    assert "".join(thoughts).strip() == "Let me see."
    assert (kept.recorder.text, ended.summary) == ("It is so.", "It is so.")


async def test_tools_and_file_changes_are_reported_once_each(kept: Live) -> None:
    """Files that tools and shell commands create, change, move and delete are each reported once, as what it was."""
    await kept.run(
        "write: new/a.py = print(1)\n"
        "bash: echo more >> README.md && echo b > b.txt\n"
        "bash: rm old.txt && mv README.md READ.md\n"
        "read: b.txt\n"
        "edit: b.txt | b -> c\n"
        "bash: rm b.txt\n"
        "say: Done."
    )
    started, ended = kept.recorder.of(f.ToolStarted), kept.recorder.of(f.ToolEnded)
    assert [tool.tool for tool in started] == ["write", "bash", "bash", "read", "edit", "bash"]
    assert [tool.call_id for tool in started] == [tool.call_id for tool in ended]
    assert {tool.status for tool in ended} == {"completed"}
    assert started[0].args == {"filePath": "new/a.py", "content": "print(1)"}
    assert (kept.directory / "new/a.py").read_text() == "print(1)"
    assert sorted(changes(kept)) == sorted(
        [
            ("create", "new/a.py"),
            ("modify", "README.md"),
            ("create", "b.txt"),
            ("delete", "old.txt"),
            ("create", "READ.md"),
            ("delete", "README.md"),
            ("modify", "b.txt"),
            ("delete", "b.txt"),
        ]
    )


async def test_a_follow_up_steers_the_running_agent(kept: Live, kept_model: ScriptedModel) -> None:
    """A message in mid-run reaches the model at its next step, and the run ends once, for the newest message."""
    first = await kept.prompt("bash: sleep 3; echo slept\nsay: Only the first.")
    await kept.recorder.has(f.ToolStarted)
    second = await kept.prompt("say: Steered.")
    ended = await kept.recorder.end_of(second)
    assert (ended.outcome, ended.summary) == ("completed", "Steered.")
    assert not [end for end in kept.recorder.of(f.RunEnded) if end.answers == first]
    assert kept_model.requests[-1].prompt == "say: Steered."


async def test_a_second_session_starts_afresh(kept: Live, kept_model: ScriptedModel) -> None:
    """Another session in the same process has an agent session of its own and knows nothing of the first."""
    await kept.run("say: The first.")
    await kept.run("say: The second.", session="sess_2")
    first, second = kept.recorder.of(f.SessionOpened)
    assert first.agent_session_id != second.agent_session_id
    assert kept.recorder.of(f.RunEnded)[-1].session_id == "sess_2"
    assert "The first." not in " ".join(message.text for message in kept_model.requests[-1].messages)


async def test_files_go_along_with_a_prompt(kept: Live, kept_model: ScriptedModel) -> None:
    """The model is shown the content of the files that a prompt names."""
    await asyncio.to_thread((kept.directory / "along.txt").write_text, "Taken along.")
    message = await kept.prompt("say: Read.", files=["along.txt"])
    await kept.recorder.end_of(message)
    assert "Taken along." in " ".join(message.text for message in kept_model.requests[-1].messages)


async def test_without_a_model_the_configured_one_is_used(kept: Live) -> None:
    """A prompt that names no model gets the one of the configuration, and the session says which it was."""
    message = await kept.prompt("say: Chosen.", model=None)
    await kept.recorder.end_of(message)
    assert kept.recorder.of(f.SessionOpened)[0].model == "stub/stub-1"


async def test_a_subagents_work_is_part_of_the_run_and_marked(kept: Live) -> None:
    """What a helper says and does is reported within the session, under the helper's name, and ends nothing."""
    ended = await kept.run("task: A job | write: sub.txt = x\\nsay: Helper done.\nsay: All done.")
    tools = [(tool.tool, tool.subagent is not None) for tool in kept.recorder.of(f.ToolStarted)]
    assert tools == [("task", False), ("write", True)]
    assert ended.summary == "All done."
    assert [(change.action, change.path) for change in kept.recorder.of(f.FileChanged)] == [("create", "sub.txt")]
    said = {piece.content: piece.subagent is not None for piece in kept.recorder.of(f.TextStreamed)}
    assert said["All done."] is False
    assert len(kept.recorder.of(f.RunEnded)) == 1
