"""What an agent says of its words and its tools, part by part, and what is made of malformed members."""

import math
from typing import Any

import pytest

from opencode_ledger.domain.codebase.facts import TextStreamed, ToolEnded, ToolStarted
from opencode_ledger.domain.ids import AgentSessionId, SessionId
from opencode_ledger.domain.opencode.streamed_text import Origin, TextParts
from opencode_ledger.domain.opencode.tool_calls import OUTPUT_LIMIT, ToolCalls
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.domain.untrusted_json import fields, items, json_of, number, text, whole

KEY = "the-secret-of-the-house"
ORIGIN = Origin(SessionId("sess_1"), None)
HELPER = Origin(SessionId("sess_1"), AgentSessionId("ses_helper"))


def words(**members: object) -> dict[str, object]:
    return {"id": "prt_1", "messageID": "msg_a", "type": "text", "text": "", "time": {"start": 1}} | members


def streamed(content: str, *, replaces: bool = False, **members: Any) -> TextStreamed:
    shared: dict[str, Any] = {"kind": "text", "message_id": "msg_a", "part_id": "prt_1"}
    return TextStreamed(session_id=SessionId("sess_1"), content=content, replaces=replaces, **(shared | members))


def test_words_are_reported_with_where_they_belong() -> None:
    """A piece carries its part, its message, its kind and the helper that said it."""
    parts = TextParts(Secrets())
    assert list(parts.snapshot(HELPER, words(type="reasoning"))) == []
    assert list(parts.delta("prt_1", "Hm")) == [streamed("Hm", kind="reasoning", subagent="ses_helper")]


@pytest.mark.parametrize("member", ["synthetic", "ignored"])
def test_words_that_the_agent_did_not_say(member: str) -> None:
    """What the agent put in for itself, or leaves out, is no word of its answer."""
    parts = TextParts(Secrets())
    assert list(parts.snapshot(ORIGIN, words(text="x", time={"end": 2}) | {member: True})) == []
    assert list(parts.snapshot(ORIGIN, words(text="x", time={"end": 2}) | {member: False})) == [streamed("x")]


def test_a_part_that_began_unseen_waits_for_its_snapshot() -> None:
    """Deltas of a part whose beginning was missed are ignored, and its snapshot has all of it."""
    for seen in ("It ", ""):
        parts = TextParts(Secrets())
        assert list(parts.snapshot(ORIGIN, words(text=seen))) == []
        if not seen:
            parts.missed()
        assert list(parts.delta("prt_1", "is")) == []
        assert list(parts.snapshot(ORIGIN, words(text="It is", time={"end": 2}))) == [streamed("It is")]
        assert list(parts.snapshot(ORIGIN, words(text="again", time={"end": 2}))) == []


def test_an_answer_taken_back_is_void_and_stays_so() -> None:
    """An answer that begins again makes the open parts of the same speaker void, once and permanently."""
    parts = TextParts(Secrets())
    for origin, name in ((ORIGIN, "prt_1"), (HELPER, "prt_2"), (ORIGIN, "prt_3")):
        list(parts.snapshot(origin, words(id=name)))
    list(parts.delta("prt_1", "No"))
    list(parts.delta("prt_2", "Yea"))
    assert list(parts.take_back(None)) == [streamed("", replaces=True)]
    assert list(parts.take_back(None)) == list(parts.delta("prt_1", "w")) == []
    assert list(parts.snapshot(ORIGIN, words(text="Now", time={"end": 2}))) == []
    assert [piece.content for piece in parts.delta("prt_2", "!")] == ["!"]


def test_a_finished_message_ends_its_parts() -> None:
    """A part ends with its message: held-back text is given out, and nothing after it."""
    parts = TextParts(Secrets([KEY]))
    list(parts.snapshot(ORIGIN, words()))
    assert list(parts.delta("prt_1", KEY[:9])) == []
    assert list(parts.snapshot(ORIGIN, words(), finished=True)) == [streamed(KEY[:9])]
    assert list(parts.delta("prt_1", "more")) == list(parts.broken_off()) == []


def call(status: str, **state: object) -> dict[str, object]:
    fields: dict[str, object] = {"status": status, "input": {"command": "ls"}, **state}
    return {"id": "prt_1", "messageID": "msg_a", "callID": "call_1", "tool": "bash", "state": fields}


STARTED = ToolStarted(
    session_id=SessionId("sess_1"), call_id="call_1", tool="bash", args={"command": "ls"}, message_id="msg_a"
)


def ended(**members: Any) -> ToolEnded:
    return ToolEnded(session_id=SessionId("sess_1"), call_id="call_1", tool="bash", **members)


def test_a_call_that_failed_at_once() -> None:
    """A call that is first reported as failed has begun, and ended with its error; once, however often it is reported."""
    calls = ToolCalls(Secrets())
    failed = call("error", error="No such file", output="not this")
    assert list(calls.snapshot(ORIGIN, failed)) == [STARTED, ended(status="error", output="No such file")]
    assert list(calls.snapshot(ORIGIN, failed)) == []


def test_a_call_from_its_beginning_to_its_end() -> None:
    """A pending call is nothing yet; a running one has begun; a completed one ends with its output and title."""
    calls = ToolCalls(Secrets())
    assert list(calls.snapshot(HELPER, call("pending"))) == []
    (begun,) = calls.snapshot(HELPER, call("running"))
    (done,) = calls.snapshot(HELPER, call("completed", output="a.py", title="List"))
    assert begun.subagent == done.subagent == "ses_helper"
    assert isinstance(done, ToolEnded) and (done.status, done.output, done.title) == ("completed", "a.py", "List")
    assert calls.call_id("msg_a", "call_1") == "call_1" and calls.call_id("msg_a", "call_2") is None


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (0, 0),
        (1, 1),
        (-9, -9),
        (0xC0000005, 0xC0000005),
        (None, None),
        (True, None),
        ("1", None),
        (1.0, None),
        (2**40, None),
        ([], None),
    ],
)
def test_the_exit_code_of_a_command(given: object, code: int | None) -> None:
    """A command's exit code is a whole number of its metadata; of another tool, or of another kind, there is none."""
    metadata = {"metadata": {"exit": given}}
    (_, done) = ToolCalls(Secrets()).snapshot(ORIGIN, call("completed", output="a", **metadata))
    assert isinstance(done, ToolEnded) and done.exit_code == code
    (_, read) = ToolCalls(Secrets()).snapshot(ORIGIN, call("completed", output="a", **metadata) | {"tool": "read"})
    assert isinstance(read, ToolEnded) and read.exit_code is None


def test_a_name_that_the_model_used_before() -> None:
    """A call named as another of an earlier message has the name of its part."""
    calls = ToolCalls(Secrets())
    list(calls.snapshot(ORIGIN, call("running")))
    (again,) = calls.snapshot(ORIGIN, call("running") | {"id": "prt_2", "messageID": "msg_b"})
    (unnamed,) = calls.snapshot(ORIGIN, call("running") | {"id": "prt_3", "callID": ""})
    assert (again.call_id, unnamed.call_id) == ("prt_2", "prt_3")


def test_a_long_output_is_cut_after_it_was_masked() -> None:
    """Of an output too long the beginning is kept, with how much is missing; a secret across the cut stays hidden."""
    (_, exact) = ToolCalls(Secrets()).snapshot(ORIGIN, call("completed", output="x" * OUTPUT_LIMIT))
    assert isinstance(exact, ToolEnded) and exact.output == "x" * OUTPUT_LIMIT
    long = "x " * (OUTPUT_LIMIT // 2 - 2) + KEY + "y" * 100
    (_, cut) = ToolCalls(Secrets([KEY])).snapshot(ORIGIN, call("completed", output=long))
    assert isinstance(cut, ToolEnded) and "the-" not in cut.output
    assert cut.output.endswith("more characters)") and len(cut.output) < OUTPUT_LIMIT + 40


def test_malformed_members_are_as_none() -> None:
    """What is of another kind than it should be counts as missing: no text, no members, no items, zero."""
    no_text: list[object] = [None, 5, [1], {"a": 1}, True]
    no_number: list[object] = [None, "1", True, False, math.nan, math.inf, -math.inf, 1e300, -1e300, [1]]
    neither: list[object] = [None, "a", 5]
    assert {text(wrong) for wrong in no_text} == {""}
    assert {(number(wrong), whole(wrong)) for wrong in no_number} == {(0.0, 0)}
    assert (number(2.5), whole(-2.5), number(7), text("a")) == (2.5, -2, 7.0, "a")
    for wrong in neither:
        assert (dict(fields(wrong)), items(wrong), json_of(wrong)) == ({}, [], {})
    assert (fields({"a": 1}), items([1]), json_of({"a": 1})) == ({"a": 1}, [1], {"a": 1})
