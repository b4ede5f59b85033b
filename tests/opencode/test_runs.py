"""What an agent does when nothing goes wrong, on the real opencode with a scripted model."""

from scripts.scripted_model import ScriptedModel

from opencode_ledger.domain.codebase import facts as f

from .conftest import MakeLive
from .live import Live

WORDS = " ".join(f"word{number}" for number in range(200))


def changes(live: Live) -> list[tuple[str, str]]:
    return [(change.action, change.path) for change in live.recorder.of(f.FileChanged)]


async def test_text_is_streamed_in_order_and_whole(live: Live) -> None:
    """A reader who joins the pieces of text has exactly what the model said, and saw it come bit by bit."""
    ended = await live.run(f"say 0.004: {WORDS}")
    assert live.recorder.text == WORDS
    assert len(live.recorder.of(f.TextStreamed)) > 5
    assert (ended.failure, ended.summary) == (None, WORDS)
    assert live.recorder.facts[-1] == ended
    assert [opened.model for opened in live.recorder.of(f.SessionOpened)] == ["stub/stub-1"]
    assert sum(used.cost for used in live.recorder.of(f.StepUsed)) > 0


async def test_reasoning_is_kept_apart_from_text(live: Live) -> None:
    """What the model thinks is streamed as reasoning and is no part of its last words."""
    ended = await live.run("think: Let me see.\nsay: It is so.")
    thoughts = [piece.content for piece in live.recorder.of(f.TextStreamed) if piece.kind == "reasoning"]
    assert "".join(thoughts).strip() == "Let me see."
    assert (live.recorder.text, ended.summary) == ("It is so.", "It is so.")


async def test_tools_and_file_changes_are_reported_once_each(live: Live) -> None:
    """Files that tools and shell commands create, change, move and delete are each reported once, as what it was."""
    await live.run(
        "write: new/a.py = print(1)\n"
        "bash: echo more >> README.md && echo b > b.txt\n"
        "bash: rm old.txt && mv README.md READ.md\n"
        "read: b.txt\n"
        "edit: b.txt | b -> c\n"
        "bash: rm b.txt\n"
        "say: Done."
    )
    started, ended = live.recorder.of(f.ToolStarted), live.recorder.of(f.ToolEnded)
    assert [tool.tool for tool in started] == ["write", "bash", "bash", "read", "edit", "bash"]
    assert [tool.call_id for tool in started] == [tool.call_id for tool in ended]
    assert {tool.status for tool in ended} == {"completed"}
    assert started[0].args == {"filePath": "new/a.py", "content": "print(1)"}
    assert (live.directory / "new/a.py").read_text() == "print(1)"
    assert sorted(changes(live)) == sorted(
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


async def test_a_follow_up_steers_the_running_agent(live: Live, model: ScriptedModel) -> None:
    """A message in mid-run reaches the model at its next step, and the run ends once, for the newest message."""
    first = await live.prompt("bash: sleep 3; echo slept\nsay: Only the first.")
    await live.recorder.has(f.ToolStarted)
    second = await live.prompt("say: Steered.")
    ended = await live.recorder.end_of(second)
    assert (ended.outcome, ended.summary) == ("completed", "Steered.")
    assert not [end for end in live.recorder.of(f.RunEnded) if end.answers == first]
    assert model.requests[-1].prompt == "say: Steered."


async def test_a_session_goes_on_in_a_new_process(make_live: MakeLive, model: ScriptedModel) -> None:
    """After a stop, and in another server's life, a message continues the same session with its history, given once."""
    before = make_live()
    await before.run("say: I remember the word apple.")
    session = before.recorder.of(f.SessionOpened)[0].agent_session_id
    await before.agent.stop()
    assert before.marked() == []
    assert not before.agent.alive

    after = make_live()
    message = await after.prompt("say: Going on.", agent_session=session)
    ended = await after.recorder.end_of(message)
    assert (ended.summary, after.recorder.text) == ("Going on.", "Going on.")
    assert after.recorder.of(f.SessionOpened)[0].agent_session_id == session
    seen = " ".join(message.text for message in model.requests[-1].messages)
    assert "I remember the word apple." in seen


async def test_a_second_session_starts_afresh(live: Live, model: ScriptedModel) -> None:
    """Another session in the same process has an agent session of its own and knows nothing of the first."""
    await live.run("say: The first.")
    await live.run("say: The second.", session="sess_2")
    first, second = live.recorder.of(f.SessionOpened)
    assert first.agent_session_id != second.agent_session_id
    assert live.recorder.of(f.RunEnded)[-1].session_id == "sess_2"
    assert "The first." not in " ".join(message.text for message in model.requests[-1].messages)


async def test_files_go_along_with_a_prompt(live: Live, model: ScriptedModel) -> None:
    """The model is shown the content of the files that a prompt names."""
    message = await live.prompt("say: Read.", files=["README.md"])
    await live.recorder.end_of(message)
    assert "# Example" in " ".join(message.text for message in model.requests[-1].messages)


async def test_without_a_model_the_configured_one_is_used(live: Live) -> None:
    """A prompt that names no model gets the one of the configuration, and the session says which it was."""
    message = await live.prompt("say: Chosen.", model=None)
    await live.recorder.end_of(message)
    assert live.recorder.of(f.SessionOpened)[0].model == "stub/stub-1"


async def test_a_subagents_work_is_part_of_the_run_and_marked(live: Live) -> None:
    """What a helper says and does is reported within the session, under the helper's name, and ends nothing."""
    ended = await live.run("task: A job | write: sub.txt = x\\nsay: Helper done.\nsay: All done.")
    tools = [(tool.tool, tool.subagent is not None) for tool in live.recorder.of(f.ToolStarted)]
    assert tools == [("task", False), ("write", True)]
    assert ended.summary == "All done."
    assert [(change.action, change.path) for change in live.recorder.of(f.FileChanged)] == [("create", "sub.txt")]
    said = {piece.content: piece.subagent is not None for piece in live.recorder.of(f.TextStreamed)}
    assert said["All done."] is False
    assert len(live.recorder.of(f.RunEnded)) == 1
