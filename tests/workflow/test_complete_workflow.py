"""The document's Complete Workflow, typed into a shell against the real service and the real agent, seen from outside."""

import re
from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from scripts.demo_session.client import Frame

from . import lines, model
from .walk import Walk

pytestmark = pytest.mark.xdist_group("workflow")

DONE = {"success": True, "message": "Message sent to agent"}


def texts(frames: Sequence[Frame]) -> list[str]:
    """The agent's texts, each joined from its pieces in the order in which they came."""
    parts: dict[str, str] = {}
    for frame in frames:
        if frame.event == "output":
            parts[frame.text("part_id")] = parts.get(frame.text("part_id"), "") + frame.text("content")
    return list(parts.values())


def named(frames: Sequence[Frame], event: str) -> list[Frame]:
    """The events of one name."""
    return [frame for frame in frames if frame.event == event]


def place(frames: Sequence[Frame], event: str, text: str) -> int:
    """Where the first event of that name with `text` in it is."""
    return next(n for n, frame in enumerate(frames) if frame.event == event and text.encode() in frame.raw)


def test_the_status_is_ready(walked: Walk) -> None:
    """The first line says that opencode is there and that nothing is registered yet."""
    status = walked.answer(lines.STATUS).members
    assert status["available"] is True
    assert status["message"] == "OpenCode integration ready"
    assert str(status["opencode_binary"]).endswith("opencode")
    assert (status["registered_codebases"], status["auto_start"]) == (0, True)


def test_a_codebase_is_registered(walked: Walk) -> None:
    """Registering gives the codebase back, with an id, its real path and its time."""
    answer = walked.answer(lines.REGISTER).members
    codebase = cast("Mapping[str, object]", answer["codebase"])
    assert answer["success"] is True
    assert (codebase["name"], codebase["path"]) == ("my-app", walked.project)
    assert codebase["description"] == "My application"
    assert str(codebase["id"]).startswith("cb_")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(codebase["created_at"]))


def test_models_are_listed_as_the_document_shows_them(walked: Walk) -> None:
    """The model that the trigger names is in the list, with the document's id, name and provider."""
    assert walked.answer(lines.MODELS).content == [
        {"id": "anthropic/claude-sonnet-4-20250514", "name": "Claude Sonnet 4", "provider": "Anthropic"}
    ]


def test_a_trigger_names_the_session_and_the_task_that_the_events_belong_to(walked: Walk) -> None:
    """Every event of the run carries the ids that the trigger answered with."""
    answer = walked.answer(lines.TRIGGER).members
    assert (answer["success"], answer["status"]) == (True, "running")
    assert answer["message"] == "Agent started on codebase my-app"
    assert {(f.data["session_id"], f.data["task_id"]) for f in walked.first} == {
        (answer["session_id"], answer["task_id"])
    }


def test_events_are_numbered_without_a_hole(walked: Walk) -> None:
    """Both runs together number their events one by one, after the registration, which is 1."""
    ids = [frame.id for frame in (*walked.first, *walked.second)]
    assert ids == list(range(2, 2 + len(ids)))


def test_text_streams_in_order_and_whole(walked: Walk) -> None:
    """What the model said comes in many pieces, and these joined are what it said, letter for letter."""
    assert texts(walked.first) == list(model.SAID_FIRST)
    assert len(named(walked.first, "output")) > 2 * len(model.SAID_FIRST)


def test_tools_are_shown_with_their_arguments_and_results(walked: Walk) -> None:
    """A read, two writes and a bash command are announced before they end, and each has one result."""
    used = named(walked.first, "tool_use")
    assert [frame.text("tool") for frame in used] == ["read", "write", "write", "bash"]
    assert used[1].data["args"] == {"filePath": "database.py", "content": model.REFACTORED}
    results = {frame.text("call_id"): frame for frame in named(walked.first, "tool_result")}
    assert list(results) == [frame.text("call_id") for frame in used]
    assert all(frame.text("status") == "completed" for frame in results.values())
    assert results[used[3].text("call_id")].text("output") == "OK\n"


def test_changed_files_are_reported_and_exist(walked: Walk) -> None:
    """Each file_change names a file that then has the content which the model wrote."""
    changes = [(frame.text("action"), frame.text("path")) for frame in named(walked.first, "file_change")]
    assert changes == [("modify", "database.py"), ("create", "test_database.py")]
    assert walked.files == {"database.py": model.REFACTORED, "test_database.py": model.TEST}


def test_a_run_ends_with_complete(walked: Walk) -> None:
    """The last event is complete, with the agent's last words, and the agent is idle again."""
    assert walked.first[-1].event == "complete"
    assert walked.first[-1].text("status") == "completed"
    assert walked.first[-1].text("summary") == model.SAID_FIRST[-1]
    assert walked.answer(lines.AGENT).members["status"] == "idle"


def test_a_follow_up_steers_the_run_at_its_next_step(walked: Walk) -> None:
    """A message in mid-run lets the step at work end, and what comes next answers the message."""
    assert walked.answer(lines.FOLLOW_UP).members == DONE
    sent = place(walked.second, "message_sent", model.FOLLOW_UP)
    begun = place(walked.second, "tool_use", "grep -c async")
    steered = place(walked.second, "tool_use", "-> str")
    assert sent < begun < steered
    assert texts(walked.second)[:2] == [model.SAID_SECOND, model.SAID_STEERED]


def test_an_interrupt_pauses_the_session_and_keeps_it(walked: Walk) -> None:
    """After the answer the agent is interrupted, on the same session, and says nothing until it is resumed."""
    assert walked.answer(lines.INTERRUPT).members == {"success": True, "message": "Interrupt signal sent"}
    agent = walked.answer(lines.AGENT, 1).members
    assert (agent["status"], agent["session_id"]) == (
        "interrupted",
        walked.answer(lines.TRIGGER, 1).members["session_id"],
    )
    interrupted = place(walked.second, "status", "interrupted")
    assert walked.second[interrupted + 1].text("action") == "resumed"


def test_a_message_resumes_the_interrupted_session(walked: Walk) -> None:
    """The agent goes on in the session that was interrupted, and answers the message that woke it."""
    assert walked.answer(lines.RESUME).members == DONE
    resumed = place(walked.second, "session", "resumed")
    assert texts(walked.second[resumed:]) == [model.SAID_RESUMED]
    assert {frame.text("session_id") for frame in walked.second} == {
        walked.answer(lines.TRIGGER, 1).members["session_id"]
    }


def test_stop_is_answered_when_no_process_is_left(walked: Walk) -> None:
    """A bash tool that sleeps was running; after the answer to stop neither it nor opencode is."""
    assert walked.answer(lines.STOP).members == {"success": True, "message": "Agent stopped"}
    assert any(model.SLEEP in process for process in walked.processes_while_running)
    assert any("opencode" in process for process in walked.processes_while_running)
    assert walked.processes_after_stop == []
    assert walked.second[-1].event == "complete"
    assert walked.second[-1].text("status") == "stopped"
    assert walked.answer(lines.AGENT, 2).members["status"] == "idle"


def test_the_whole_history_can_be_read_again_byte_for_byte(walked: Walk) -> None:
    """A subscriber that comes after all is over gets from the log the very bytes that came live."""
    live = walked.live.removeprefix(b"retry: 2000\n:\n")
    assert live.startswith(b"id: 2\n")
    assert live in walked.history
    assert walked.history.count(b"\n\n") == walked.second[-1].id
