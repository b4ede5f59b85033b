"""From events to spans: a table of runs, and what never gets into a span."""

from collections.abc import Sequence as Many
from datetime import timedelta
from typing import Any, Final

import orjson

from opencode_ledger.actors.twins.virtual_clock import START
from opencode_ledger.domain.events import Json
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence
from opencode_ledger.domain.timestamps import timestamp_of
from opencode_ledger.projections.traces.runs import Runs, spans_of
from opencode_ledger.projections.traces.span import Span

SECRET: Final = "content-that-belongs-in-no-span"
TOKENS: Final = {"input": 100, "output": 20, "reasoning": 5, "cache_read": 30, "cache_write": 7}
Step = tuple[float, str, dict[str, Json]]

BEGUN: Final[dict[str, Json]] = {
    "action": "started",
    "prompt": SECRET,
    "agent": "build",
    "model": "anthropic/claude",
    "task_id": "task_1",
    "correlation_id": "a" * 32,
}
STARTED: Final[Step] = (0, "session", BEGUN)


def session(at: float, action: str, **more: Json) -> Step:
    return at, "session", {"action": action, **more}


def tool(at: float, call: str, name: str = "bash", **more: Json) -> Step:
    return at, "tool_use", {"tool": name, "call_id": call, "args": {"command": SECRET}, **more}


def result(at: float, call: str, status: str = "completed", name: str = "bash", **more: Json) -> Step:
    return at, "tool_result", {"tool": name, "call_id": call, "status": status, "output": SECRET, **more}


def said(at: float, **more: Json) -> Step:
    return at, "output", {"type": "text", "content": SECRET, "message_id": "m", "part_id": "p", **more}


def usage(at: float, cost: float = 0.5, **more: Json) -> Step:
    return at, "usage", {"tokens": dict(TOKENS), "cost": cost, **more}


def asked(at: float, name: str = "perm_1") -> Step:
    about: dict[str, Json] = {"tool": "bash", "args": {"command": SECRET}, "patterns": [SECRET]}
    return at, "permission", {"action": "asked", "permission_id": name, "agent_permission_id": "p", **about}


def replied(at: float, reply: str = "once", by: str = "user", name: str = "perm_1") -> Step:
    return at, "permission", {
        "action": "replied", "permission_id": name, "reply": reply, "decided_by": by, "message": SECRET
    }  # fmt: skip


def recorded(steps: Many[Step], stream: str = "cb_1", session_id: str = "sess_1") -> list[RecordedEvent]:
    """The events of these steps, as the log has them."""
    found = list[RecordedEvent]()
    for number, (at, topic, members) in enumerate(steps, start=1):
        moment = timestamp_of(START + timedelta(seconds=at))
        data = orjson.dumps({"session_id": session_id, "timestamp": moment, **members})
        found.append(RecordedEvent(Position(number), CodebaseId(stream), Sequence(number), topic, data))
    return found


def shown(spans: Many[Span]) -> list[tuple[str, float, float, str | None]]:
    """The spans' names, begins, ends and errors."""
    return [
        (span.name, (span.began - START).total_seconds(), (span.ended - START).total_seconds(), span.error)
        for span in spans
    ]


RUN = "invoke_agent build"
CHAT = "chat claude"
TABLE: Final[dict[str, tuple[list[Step], list[tuple[str, float, float, str | None]]]]] = {
    "one answer": (
        [STARTED, said(1), said(2), usage(3), session(4, "completed")],
        [(CHAT, 0, 3, None), (RUN, 0, 4, None)],
    ),
    "a tool between two model calls": (
        [STARTED, said(1), tool(2, "c"), result(5, "c"), usage(6), said(7), usage(8), session(9, "completed")],
        [("execute_tool bash", 2, 5, None), (CHAT, 0, 2, None), (CHAT, 6, 8, None), (RUN, 0, 9, None)],
    ),
    "a tool that fails": (
        [STARTED, tool(1, "c"), result(2, "c", "error"), usage(3), session(4, "completed")],
        [("execute_tool bash", 1, 2, "tool_error"), (CHAT, 0, 1, None), (RUN, 0, 4, None)],
    ),
    "two tools at once": (
        [STARTED, tool(1, "a"), tool(2, "b", "read"), result(3, "b", name="read"), result(4, "a"), usage(5),
         session(6, "completed")],
        [("execute_tool read", 2, 3, None), ("execute_tool bash", 1, 4, None), (CHAT, 0, 2, None), (RUN, 0, 6, None)],
    ),
    "a permission": (
        [STARTED, tool(1, "c"), asked(2), replied(8), result(9, "c"), usage(10), session(11, "completed")],
        [("wait for a person", 2, 8, None), ("execute_tool bash", 1, 9, None), (CHAT, 0, 1, None), (RUN, 0, 11, None)],
    ),
    "a permission that nobody answers": (
        [STARTED, asked(1), session(5, "stopped")],
        [("wait for a person", 1, 5, None), (RUN, 0, 5, None)],
    ),
    "a failure": (
        [STARTED, (1, "error", {"error": SECRET, "code": "AGENT_CRASHED"}), session(2, "failed")],
        [(RUN, 0, 2, "AGENT_CRASHED")],
    ),
    "a failure without a code": ([STARTED, session(2, "failed")], [(RUN, 0, 2, "failed")]),
    "a stop in the middle of a tool": (
        [STARTED, tool(1, "c"), session(2, "stopping"), session(3, "stopped")],
        [("execute_tool bash", 1, 3, "stopped"), (RUN, 0, 3, None)],
    ),
    "an interrupt, and the session again": (
        [STARTED, usage(1), session(2, "interrupted"), session(5, "resumed"), usage(7), session(8, "completed")],
        [(CHAT, 0, 1, None), (RUN, 0, 2, None), (CHAT, 5, 7, None), (RUN, 5, 8, None)],
    ),
    "a wait for a slot": (
        [(0, "session", {**BEGUN, "waiting": True}), session(3, "admitted"), usage(5), session(6, "completed")],
        [("wait for a slot", 0, 3, None), (CHAT, 3, 5, None), (RUN, 0, 6, None)],
    ),
    "a subagent": (
        [STARTED, tool(1, "t", "task"), said(2, subagent="ses_2"), tool(3, "s", subagent="ses_2"),
         result(4, "s", subagent="ses_2"), usage(5, subagent="ses_2"), result(6, "t", name="task"), usage(7),
         session(8, "completed")],
        [("execute_tool bash", 3, 4, None), (CHAT, 2, 3, None), ("execute_tool task", 1, 6, None), (CHAT, 0, 1, None),
         ("invoke_agent subagent", 2, 5, None), (RUN, 0, 8, None)],
    ),
    "a model that is known later": (
        [(0, "session", {"action": "started", "prompt": "", "agent": "build"}),
         session(1, "linked", model="stub/one/two", agent_session_id="s"), usage(2), session(3, "completed")],
        [("chat one/two", 0, 2, None), (RUN, 0, 3, None)],
    ),
    "a clock that was set back": (
        [STARTED, tool(9, "c"), result(4, "c"), usage(5), session(3, "completed")],
        [("execute_tool bash", 9, 9, None), (CHAT, 0, 9, None), (RUN, 0, 3, None)],
    ),
    "the end of a run that began before": ([usage(1), result(2, "c"), session(3, "completed")], []),
    "a run that goes on": ([STARTED, tool(1, "c")], []),
    "a result without a call": ([STARTED, result(1, "x"), replied(2), session(3, "stopped")], [(RUN, 0, 3, None)]),
    "what is of no run": ([STARTED, (1, "file_change", {}), (1, "codebase", {}), session(2, "completed")], [(RUN, 0, 2, None)]),
}  # fmt: skip


def test_runs(subtests: Any) -> None:
    """Each run has one trace, with a span for each part that ended, and none of the content."""
    for name, (steps, expected) in TABLE.items():
        with subtests.test(name):
            spans = spans_of(recorded(steps))
            assert shown(spans) == expected
            assert SECRET not in repr(spans)
            assert spans == spans_of(recorded(steps)), "the same events give the same spans"
            ids = [span.span_id for span in spans]
            assert len(set(ids)) == len(ids)
            for span in spans:
                parents = {other.span_id for other in spans if other.trace_id == span.trace_id}
                assert (span.parent_id in parents) == (not span.name.startswith("invoke_agent build"))
                assert len(span.trace_id) == 32
                assert len(span.span_id) == 16


def test_attributes() -> None:
    """The names are those of OpenTelemetry's conventions for agents; tokens are those of each call and of the whole run."""
    steps = [STARTED, tool(1, "c"), result(2, "c"), usage(3), usage(4, subagent="ses_2"), session(5, "completed")]
    spans = {span.name: span for span in spans_of(recorded(steps)) if span.name != "invoke_agent subagent"}
    common = {
        "gen_ai.conversation.id": "sess_1",
        "opencode_ledger.codebase.id": "cb_1",
        "opencode_ledger.task.id": "task_1",
    }
    model = {"gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude"}
    once = {
        "gen_ai.usage.input_tokens": 137,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 30,
        "gen_ai.usage.cache_creation.input_tokens": 7,
        "opencode_ledger.usage.reasoning_tokens": 5,
    }
    assert spans[CHAT].attributes == {
        **common, **model, **once, "gen_ai.operation.name": "chat", "opencode_ledger.usage.cost_dollars": 0.5
    }  # fmt: skip
    assert spans["execute_tool bash"].attributes == {
        **common, "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "bash", "gen_ai.tool.call.id": "c"
    }  # fmt: skip
    assert spans[RUN].attributes == {
        **common, **model, **{name: 2 * number for name, number in once.items()},
        "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "build",
        "opencode_ledger.run.end": "completed", "opencode_ledger.usage.cost_dollars": 1.0,
    }  # fmt: skip
    assert [spans[name].kind for name in (CHAT, RUN)] == ["client", "internal"]
    assert [spans[name].correlation_id for name in (CHAT, RUN)] == [None, "a" * 32]


def test_runs_of_several_codebases() -> None:
    """Events of two codebases come in turns, and each run has its own trace."""
    steps = [STARTED, usage(1), session(2, "completed")]
    pairs = zip(recorded(steps), recorded(steps, "cb_2", "sess_2"), strict=True)
    spans = spans_of(event for pair in pairs for event in pair)
    assert len({span.trace_id for span in spans}) == 2
    assert sorted(shown(spans)) == sorted(shown(spans_of(recorded(steps)) * 2))


def test_what_is_kept_is_limited() -> None:
    """A run with very many calls that never end keeps a limited number of them."""
    runs = Runs()
    for event in recorded([STARTED, *(tool(1, f"c{number}") for number in range(3000))]):
        runs.take(event)
    [end] = recorded([session(2, "stopped")])
    assert len(runs.take(end)) == 1001
