"""opencode's events become facts: on recorded traces of the real one, and on any mess one can make of them."""

from collections import Counter
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.opencode.messages import last_words
from opencode_ledger.domain.opencode.translator import Translator
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.domain.untrusted_json import Fields, fields

from .replay import SESSION, Play, Trace, final_texts, joined, scenarios

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

CUT_SHORT = {"server_killed"}
"""Traces that end in the middle of a sentence."""

OUTCOMES = {
    "abort_after_files": "ABORTED",
    "permanent_context_overflow": "CONTEXT_TOO_LONG",
    "disposed": "ABORTED",
    "error_400": "PROVIDER_ERROR",
    "error_401": "PROVIDER_AUTH",
    "permission_reject": "PERMISSION_REJECTED",
    "permission_two_at_once": "PERMISSION_REJECTED",
    "question_rejected": "QUESTION_REJECTED",
    "retries_used_up": "PROVIDER_ERROR",
    "unknown_agent": "AGENT_NOT_FOUND",
    "unknown_model": "MODEL_NOT_FOUND",
}
"""Scenarios that end badly, and with which code; all others end well."""

CHANGES = {
    "write_new_file": ["create new/hello.py", "modify new/hello.py", "modify old.txt"],
    "edit_file": ["modify app.py"],
    "bash_files": [
        "create made.txt",
        "modify README.md",
        "modify made.txt",
        "create moved.py",
        "delete old.txt",
        "delete app.py",
        "create deep/er/new.txt",
        "delete made.txt",
    ],
    "permission_once": ["create p.txt"],
    "permission_bash": ["create one.txt"],
    "follow_up_in_tool": ["create b.txt", "create a.txt"],
    "subagent": ["create c.txt"],
    "read_and_grep": [],
    "tool_errors": [],
}
"""What changed in some scenarios, in the order in which it is reported."""


@pytest.mark.parametrize("name", scenarios())
def test_a_trace_is_understood(name: str) -> None:
    """Every event of the real opencode is known, and the joined text of each part is what opencode keeps of it."""
    play = Play(Trace(name)).all()
    assert play.translator.unknown == Counter()
    assert play.translator.malformed == 0
    if name not in CUT_SHORT:
        assert joined(play.facts) == final_texts(play.trace.events)


@pytest.mark.parametrize("name", scenarios())
def test_each_tool_call_begins_once_and_ends_once(name: str) -> None:
    """Each call of a tool has one beginning and at most one end after it, under a name that no other call has."""
    facts = Play(Trace(name)).all().facts
    started = [fact.call_id for fact in facts if isinstance(fact, f.ToolStarted)]
    ended = [fact.call_id for fact in facts if isinstance(fact, f.ToolEnded)]
    assert len(set(started)) == len(started)
    assert len(set(ended)) == len(ended)
    assert set(ended) <= set(started)
    assert all(fact.args for fact in facts if isinstance(fact, f.ToolStarted))
    for call in ended:
        order = [type(fact) for fact in facts if isinstance(fact, f.ToolStarted | f.ToolEnded) and fact.call_id == call]
        assert order == [f.ToolStarted, f.ToolEnded]


@pytest.mark.parametrize("name", sorted(set(scenarios()) - CUT_SHORT))
def test_how_a_run_ended_is_reported(name: str) -> None:
    """At the end of each scenario the run is at rest and settled, and its failure, if any, has its code."""
    run = Play(Trace(name)).all().translator.run
    assert run is not None
    failure = run.verdict()
    assert (run.activity, run.settled()) == ("resting", True)
    assert (failure.code if failure else None) == OUTCOMES.get(name)
    assert failure is None or ("\n" not in failure.error and len(failure.error) > 2)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_file_changes_are_reported_once_each(name: str) -> None:
    """What tools and commands did to the files is reported once each, with paths relative to the codebase."""
    play = Play(Trace(name)).all()
    play.facts += play.translator.rest([])
    assert [f"{fact.action} {fact.path}" for fact in play.facts if isinstance(fact, f.FileChanged)] == CHANGES[name]


@pytest.mark.parametrize("name", scenarios())
def test_a_trace_played_twice_reports_everything_once(name: str) -> None:
    """Events that come again, and the messages asked for afterwards, add no fact."""
    play = Play(Trace(name)).all()
    reported = len(play.facts)
    for event in play.trace.events:
        play.event(event)
    if name not in CUT_SHORT:
        play.facts += play.translator.messages(play.trace.messages(play.trace.root))
    assert play.facts[reported:] == []


@pytest.mark.parametrize("name", ["abort_in_bash", "disposed", "abort_after_files"])
def test_an_aborted_commands_files_are_settled_by_the_version_control(name: str) -> None:
    """A file that an aborted command changed is reported when the agent rests, as what the version control sees in it."""
    play = Play(Trace(name)).all()
    before = len(play.facts)
    seen = [{"file": "early.txt", "status": "added"}, {"file": "old.txt", "status": "deleted"}]
    settled = play.facts[before:] + play.translator.rest(seen)
    created, deleted = ["create early.txt"], ["delete old.txt"]
    expected = {"abort_in_bash": created, "disposed": created, "abort_after_files": deleted}
    assert [f"{fact.action} {fact.path}" for fact in settled if isinstance(fact, f.FileChanged)] == expected[name]


def test_a_retry_takes_back_what_was_said() -> None:
    """Text before a retry is replaced by nothing, and the retry is reported with its reason and delay."""
    facts = Play(Trace("retry_after_text")).all().facts
    taken_back = [fact for fact in facts if isinstance(fact, f.TextStreamed) and fact.replaces]
    assert [piece.content for piece in taken_back] == [""]
    retry = next(fact for fact in facts if isinstance(fact, f.RetryScheduled))
    assert (retry.attempt, retry.reason) == (1, "Connection reset by server")
    assert facts.index(taken_back[0]) < facts.index(retry)


def test_a_permission_is_readable() -> None:
    """A request for leave names the tool, its arguments without the machine's paths, and the call it belongs to."""
    facts = Play(Trace("permission_once")).all().facts
    asked = next(fact for fact in facts if isinstance(fact, f.PermissionRequested))
    started = next(fact for fact in facts if isinstance(fact, f.ToolStarted))
    assert (asked.tool, asked.patterns, asked.always, asked.args["filepath"]) == ("edit", ("p.txt",), ("*",), "p.txt")
    assert asked.call_id == started.call_id


@pytest.mark.parametrize(("name", "reply"), [("question_answered", "once"), ("question_rejected", "reject")])
def test_a_question_and_its_answer_are_readable(name: str, reply: str) -> None:
    """A question of the agent is reported once, with its options and its call, and then how it was settled."""
    play = Play(Trace(name)).all()
    asked = next(fact for fact in play.facts if isinstance(fact, f.PermissionRequested))
    started = next(fact for fact in play.facts if isinstance(fact, f.ToolStarted))
    assert (asked.kind, asked.tool, asked.call_id) == ("question", "question", started.call_id)
    assert asked.args == {"questions": started.args["questions"]}
    settled = next(fact for fact in play.facts if isinstance(fact, f.PermissionSettled))
    assert (settled.reply, settled.answers) == (reply, (("sqlite",),) if reply == "once" else None)
    assert play.translator.run is not None
    assert play.translator.run.asking == set()


def test_a_subagents_facts_bear_its_name() -> None:
    """What a helper does belongs to the session and is marked as the helper's; asking for leave works from there too."""
    facts = Play(Trace("subagent")).all().facts
    written = next(fact for fact in facts if isinstance(fact, f.ToolStarted) and fact.tool == "write")
    asked = next(fact for fact in facts if isinstance(fact, f.PermissionRequested))
    assert written.session_id == asked.session_id == SESSION
    assert written.subagent == asked.subagent
    assert written.subagent is not None


def test_usage_is_reported_per_step() -> None:
    """Each step's tokens and cost are reported once."""
    facts = Play(Trace("write_new_file")).all().facts
    used = [fact for fact in facts if isinstance(fact, f.StepUsed)]
    assert len(used) == 5
    assert set(used[0].tokens) == {"input", "output", "reasoning", "cache_read", "cache_write"}
    assert used[0].cost == pytest.approx(0.004641)


def test_last_words_are_the_agents_last_text() -> None:
    """The summary of a run is the last that the agent said, not what it was asked, cut to a length."""
    trace = Trace("write_new_file")
    messages = trace.messages(trace.root)
    assert last_words(messages, 100, Secrets()) == "Written."
    assert last_words(messages, 5, Secrets()) == "Writ…"
    assert last_words([], 5, Secrets()) == ""


def _deltas(events: list[Fields]) -> list[int]:
    return [index for index, event in enumerate(events) if event.get("type") == "message.part.delta"]


def test_a_patch_that_a_tool_applies_is_reported_file_by_file() -> None:
    """The tool that applies whole patches reports at once what it created, changed, moved and deleted."""
    play = Play(Trace("write_new_file"))
    play.give_prompts(1)
    for event in play.trace.events[:9]:
        play.event(event)
    files = [
        {"filePath": "/project/a", "type": "add"},
        {"filePath": "/project/b", "type": "update"},
        {"filePath": "/project/c", "type": "move", "movePath": "/project/d"},
        {"filePath": "/project/e", "type": "delete"},
        {"filePath": "/elsewhere/f", "type": "add"},
        {"filePath": "/project/../up", "type": "update"},
    ]
    state = {"status": "completed", "input": {"patchText": "…"}, "output": "", "metadata": {"files": files}}
    answer = next(e for e in play.trace.events if cast("str", e["type"]) == "message.part.updated" and _is_step(e))
    part: dict[str, object] = {"id": "prt_x", "type": "tool", "tool": "apply_patch", "callID": "c", "state": state}
    part |= {"messageID": fields(fields(answer["properties"])["part"])["messageID"]}
    play.event({"type": "message.part.updated", "properties": {"part": part}})
    reported = [f"{fact.action} {fact.path}" for fact in play.facts if isinstance(fact, f.FileChanged)]
    # What lies outside of the codebase has its whole path.
    assert reported == ["create a", "modify b", "delete c", "create d", "delete e", "create /elsewhere/f", "modify /up"]


def _is_step(event: Fields) -> bool:
    return fields(fields(event["properties"])["part"])["type"] == "step-start"


@PATIENT
@given(st.data())
def test_text_is_whole_whatever_becomes_of_the_deltas(data: st.DataObject) -> None:
    """Deltas lost, doubled or out of order never change what the joined pieces of a part come to."""
    trace = Trace(data.draw(st.sampled_from(["simple_answer", "reasoning", "write_new_file", "retry_after_text"])))
    places = _deltas(trace.events)
    drawn = data.draw(st.lists(st.sampled_from(places), min_size=len(places), max_size=len(places)))
    mixed = list(trace.events)
    for place, other in zip(places, drawn, strict=True):
        mixed[place] = trace.events[other]
    expected = final_texts(trace.events)
    trace.events = mixed
    assert joined(Play(trace).all().facts) == expected


@PATIENT
@given(st.data())
def test_what_a_gap_swallowed_is_made_good_from_the_messages(data: st.DataObject) -> None:
    """Whatever stretch of events is lost, the messages asked for afterwards complete text and tools, once each."""
    trace = Trace(data.draw(st.sampled_from(["write_new_file", "bash_output", "reasoning", "read_and_grep"])))
    whole = Play(trace).all()
    first = data.draw(st.integers(1, len(trace.events)))
    last = data.draw(st.integers(first, len(trace.events)))
    play = Play(trace)
    play.give_prompts(0)
    play.give_prompts(1)
    for event in trace.events[:first]:
        play.event(event)
    play.translator.missed()
    for event in trace.events[last:]:
        play.event(event)
    play.facts += play.translator.messages(trace.messages(trace.root))
    assert joined(play.facts) == joined(whole.facts)
    assert _counted(play.facts) == _counted(whole.facts)


def _counted(facts: list[f.Fact]) -> Counter[object]:
    tools = [(type(fact), fact.call_id) for fact in facts if isinstance(fact, f.ToolStarted | f.ToolEnded)]
    steps = [(type(fact), fact.cost) for fact in facts if isinstance(fact, f.StepUsed)]
    return Counter([*tools, *steps])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@PATIENT
@given(st.data())
def test_nothing_that_the_agent_sends_raises(data: st.DataObject) -> None:
    """Events of any shape, also real ones with a member of another kind in them, are taken without an error."""
    play = Play(Trace(data.draw(st.sampled_from(["write_new_file", "permission_once", "subagent", "error_400"])))).all()
    translator = play.translator
    translator.event(data.draw(_JSON), 0.0)
    event = data.draw(st.sampled_from(play.trace.events))
    translator.event(_spoilt(data, {**event, "id": ""}), 0.0)
    translator.messages(data.draw(_JSON))
    translator.statuses(data.draw(_JSON), 0.0)
    translator.rest(data.draw(_JSON))


def _spoilt(data: st.DataObject, value: object) -> object:
    """The same with one member, somewhere, replaced by anything."""
    if not isinstance(value, dict) or not value or data.draw(st.booleans()):
        return data.draw(_JSON)
    known = cast("dict[str, object]", value)
    member = data.draw(st.sampled_from(sorted(known)))
    return {**known, member: _spoilt(data, known[member])}


def test_without_a_run_nothing_is_a_fact() -> None:
    """Before the first prompt, and after the end of a run, events of the agent are nobody's facts."""
    trace = Trace("simple_answer")
    translator = Translator("/project")
    assert [fact for event in trace.events for fact in translator.event(event, 0.0)] == []
    play = Play(trace)
    play.give_prompts(1)
    play.translator.closed()
    for event in trace.events[1:]:
        play.event(event)
    assert play.facts == []
