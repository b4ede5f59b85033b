"""Logs for the tests of the views: what real decisions record for arbitrary commands and reports, and rubbish between."""

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.decide import decide
from opencode_ledger.domain.codebase.decision import fold
from opencode_ledger.domain.codebase.state import INITIAL, State
from opencode_ledger.domain.errors import LedgerError
from opencode_ledger.domain.events import REGISTRY, Event
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.events.wire import encode
from opencode_ledger.domain.failure import Failure
from opencode_ledger.domain.ids import (
    AgentPermissionId,
    AgentSessionId,
    CodebaseId,
    MessageId,
    SessionId,
    TaskId,
    Timestamp,
)

STREAMS = tuple(CodebaseId(f"cb_{name}") for name in "abc")

Commit = tuple[CodebaseId, tuple[NewEvent, ...]]


@dataclass
class History:
    """Commits as the actors of some codebases would make them, and the state of each codebase."""

    commits: list[Commit] = field(default_factory=list[Commit])
    states: dict[CodebaseId, State] = field(default_factory=dict[CodebaseId, State])
    made: int = 0

    def at(self) -> Timestamp:
        """A moment, later than all before it."""
        self.made += 1
        return Timestamp(f"2026-01-01T00:{self.made // 60:02}:{self.made % 60:02}.000Z")

    def name(self, kind: str) -> str:
        """A new identity."""
        self.made += 1
        return f"{kind}_{self.made:06}"

    def state(self, stream: CodebaseId) -> State:
        """Where the codebase stands."""
        return self.states.get(stream, INITIAL)

    def command(self, stream: CodebaseId, command: c.Command, *, has_slot: bool = True) -> None:
        """Record what the codebase decides; nothing where it refuses."""
        try:
            decision = decide(self.state(stream), command, self.at(), has_slot=has_slot)
        except LedgerError:
            return
        self.record(stream, *decision.events)
        self.states[stream] = fold(self.state(stream), decision.events)

    def record(self, stream: CodebaseId, *events: Event) -> None:
        """Record events as they are."""
        self.raw(stream, *(encode(event) for event in events))

    def raw(self, stream: CodebaseId, *events: NewEvent) -> None:
        """Record bytes as they are."""
        if events:
            self.commits.append((stream, events))

    async def store(self) -> MemoryEventStore:
        """A log that holds all of this."""
        store = MemoryEventStore()
        for stream, events in self.commits:
            await store.append(stream, await store.stream_head(stream), events)
        return store


def register(history: History, stream: CodebaseId, **more: Any) -> None:
    """Make a codebase known."""
    history.command(stream, c.Register(codebase_id=stream, name=stream, path=f"/src/{stream}", **more))


def trigger(history: History, stream: CodebaseId, *, has_slot: bool = True, **more: Any) -> SessionId:
    """Start a session; answers its id."""
    session = SessionId(history.name("sess"))
    members: dict[str, Any] = {
        "session_id": session,
        "task_id": TaskId(history.name("task")),
        "message_id": message(history),
        "prompt": "Add tests\nfor login",
    }
    history.command(stream, c.Trigger(**(members | more)), has_slot=has_slot)
    return session


def message(history: History) -> MessageId:
    """A new message's id."""
    return MessageId(history.name("msg"))


def report(history: History, stream: CodebaseId, *facts: f.Fact) -> None:
    """Have the agent report."""
    history.command(stream, c.Report(facts))


def _facts(history: History, stream: CodebaseId, kind: int, cost: float) -> f.Fact:
    active = history.state(stream).session
    session = active.id if active else SessionId("sess_none")
    subagent = AgentSessionId("ses_helper") if kind % 3 == 0 else None
    said = f"say_{kind % 4}"
    asked = AgentPermissionId(f"per_{history.made // 20}_{stream}")
    prompted = (active and active.last_prompt) or MessageId("msg_none")
    return (
        f.SessionOpened(
            session_id=session, agent_session_id=AgentSessionId(f"ses_{kind}"), model=("x/y", None)[kind % 2]
        ),
        f.TextStreamed(session_id=session, kind="text", content="…", message_id=said, part_id=said, subagent=subagent),
        f.ToolStarted(
            session_id=session, call_id=f"call_{kind}", tool="bash", args={}, message_id=said, subagent=subagent
        ),
        f.ToolEnded(session_id=session, call_id=f"call_{kind}", tool="bash", status="completed", output=""),
        f.FileChanged(session_id=session, action="create", path="a.py"),
        f.StepUsed(session_id=session, tokens={"input": kind, "output": 3}, cost=cost),
        f.RunEnded(session_id=session, answers=prompted, summary="Done"),
        f.RunEnded(session_id=session, answers=prompted, failure=Failure(code="NO", error="No")),
        f.AgentAborted(),
        f.AgentStopped(),
        f.AgentDied(reason="gone"),
        f.PermissionRequested(
            session_id=session,
            agent_permission_id=asked,
            kind=("permission", "question")[kind % 2],
            tool="bash",
            args={},
        ),
        f.PermissionSettled(session_id=session, agent_permission_id=asked, reply="once"),
    )[kind % 13]


def _move(history: History, stream: CodebaseId, move: str, kind: int, cost: float) -> None:
    match move:
        case "register":
            register(history, stream, worker_id=("w1", None)[kind % 2], agent_config={"default_model": "p/m"})
        case "trigger":
            trigger(history, stream, has_slot=kind % 2 == 0, model=("a/b", None)[kind % 2])
        case "message":
            history.command(stream, c.SendMessage(message_id=message(history), content="And?"), has_slot=kind % 2 == 0)
        case "create":
            task = TaskId(history.name("task"))
            history.command(stream, c.CreateTask(task_id=task, title="T", prompt="P", priority=kind % 3))
        case "change":
            waiting = [created.task_id for created in history.state(stream).queue] or [None]
            task = waiting[kind % len(waiting)] or TaskId("task_none")
            place = (c.End.FIRST, c.End.LAST, c.Before(waiting[-1] or task), None)[kind % 4]
            history.command(
                stream, c.ChangeTask(task_id=task, prompt=f"P {kind}", priority=(None, kind % 3)[kind % 2], place=place)
            )
        case "cancel":
            waiting = [created.task_id for created in history.state(stream).queue] or [None]
            history.command(stream, c.CancelTask(task_id=waiting[kind % len(waiting)] or TaskId("task_none")))
        case "report":
            report(history, stream, _facts(history, stream, kind, cost))
        case _:
            commands: dict[str, c.Command] = {
                "interrupt": c.Interrupt(),
                "stop": c.Stop(),
                "delete": c.Delete(),
                "grant": c.GrantSlot(),
                "recover": c.Recover(),
                "shutdown": c.Shutdown(),
            }
            history.command(stream, commands[move])


_often = (
    ["report"] * 12
    + ["trigger"] * 5
    + ["message"] * 2
    + ["grant"] * 2
    + ["create"] * 3
    + ["change", "change", "cancel"]
)
_moves = st.tuples(
    st.sampled_from(STREAMS),
    st.sampled_from([*_often, "interrupt", "stop", "delete", "grant", "recover", "shutdown"]),
    st.integers(0, 32),
    st.floats(0, 10, allow_nan=False),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """What actors record for any commands and reports, in any order, over several codebases."""
    history = History()
    for stream in draw(st.lists(st.sampled_from(STREAMS), unique=True, min_size=1)):
        _move(history, stream, "register", draw(st.integers(0, 1)), 0)
    for move in draw(st.lists(_moves, max_size=60)):
        _move(history, *move)
    return history


_scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**64) | st.floats(allow_nan=False) | st.text(max_size=3)
_json = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner))
_members = st.fixed_dictionaries(
    {"timestamp": _json | st.just("2026-01-01T00:00:00.000Z"), "session_id": _json | st.just("sess_000003")},
    optional=dict.fromkeys(
        ("task_id", "message_id", "prompt", "agent", "tokens", "cost", "path", "name", "title", "codebase_id"), _json
    ),
)


@st.composite
def rubbish(draw: st.DrawFn) -> NewEvent:
    """Bytes that no version of this program would write, or that a later one might."""
    topic, action = draw(st.sampled_from([*REGISTRY, ("later", None), ("session", "later")]))
    if draw(st.booleans()):
        return NewEvent(topic, draw(st.sampled_from([b"", b"{", b"[]", b"null", b"\xff", b'"x"', b"1e999"])))
    return NewEvent(topic, json.dumps({"action": action, **draw(_members)}).encode())


@st.composite
def mangled(draw: st.DrawFn) -> NewEvent:
    """An event as this program writes it, but for one member that holds something else."""
    members = {"action", "timestamp", "session_id"}
    events = [event for _stream, events in workday().commits for event in events if event.data[:1] == b"{"]
    event = draw(st.sampled_from(events))
    content: dict[str, Any] = json.loads(event.data)
    content[draw(st.sampled_from(sorted({*content} | members)))] = draw(_json)
    return NewEvent(event.topic, json.dumps(content).encode())


@st.composite
def littered_histories(draw: st.DrawFn) -> History:
    """As `histories`, with rubbish between the commits."""
    history = draw(histories())
    for at, stream, event in draw(
        st.lists(st.tuples(st.integers(0, 200), st.sampled_from(STREAMS), rubbish() | mangled()), max_size=8)
    ):
        history.commits.insert(min(at, len(history.commits)), (stream, (event,)))
    return history


def workday() -> History:
    """Two codebases: a completed session, an interrupted one and a failed one; one with helpers and rubbish."""
    history, (a, b, _c) = History(), STREAMS
    register(history, a, description="The app", worker_id="worker-1", agent_config={"default_model": "p/m"})
    register(history, b)
    first = trigger(history, a, metadata={"ticket": "JIRA-123"})
    report(
        history,
        a,
        f.SessionOpened(session_id=first, agent_session_id=AgentSessionId("ses_1"), model="real/model"),
        said(first, "say_1", "Look"),
        said(first, "say_1", "ing"),
        f.ToolStarted(session_id=first, call_id="call_1", tool="bash", args={}, message_id="say_2"),
        f.ToolStarted(
            session_id=first,
            call_id="call_2",
            tool="bash",
            args={},
            message_id="say_helper",
            subagent=AgentSessionId("ses_2"),
        ),
        said(first, "say_helper", "Hm", subagent=AgentSessionId("ses_2")),
        f.StepUsed(session_id=first, tokens={"input": 10, "output": 2}, cost=0.5),
        f.StepUsed(session_id=first, tokens={"input": 5}, cost=0.25),
    )
    history.raw(a, NewEvent("output", b"not json"), NewEvent("later", b'{"session_id":"sess_x"}'))
    finish(history, a)
    trigger(history, a)
    history.command(a, c.Interrupt())
    report(history, a, f.AgentAborted())
    trigger(history, b)
    finish(history, b, failed=True)
    return history


def said(session: SessionId, message_id: str, content: str, subagent: AgentSessionId | None = None) -> f.Fact:
    """The agent streamed some text."""
    return f.TextStreamed(
        session_id=session, kind="text", content=content, message_id=message_id, part_id="p", subagent=subagent
    )


def finish(history: History, stream: CodebaseId, *, failed: bool = False) -> None:
    """Have the running session end."""
    session = history.state(stream).session
    assert session is not None
    assert session.last_prompt is not None
    end = f.RunEnded(
        session_id=session.id,
        answers=session.last_prompt,
        summary="Added 15 unit tests",
        failure=Failure(code="RATE_LIMITED", error="Rate limit") if failed else None,
    )
    report(history, stream, end)
