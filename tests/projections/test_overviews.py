"""The overview of a codebase, against a plain recomputation from its events, and each state on a known way."""

import asyncio
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.projections.histories import STREAMS, History, finish, histories, message, register, report, trigger
from tests.projections.test_rebuild import apply_in_pieces, rebuilt, tables

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.lifecycle_rules import BUSY, Phase
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.events.wire import decode
from opencode_ledger.domain.ids import AgentPermissionId, CodebaseId, Position, Sequence, SessionId, TaskId, Timestamp
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.views.overviews import Overview, Overviewed, last_line, overviewed

A, B, _C = STREAMS
DAY: Final = "2026-01-01"


@dataclass
class Notes:
    """What a person would note down who reads a codebase's events one after another."""

    phase: Phase = Phase.VOID
    since: str = ""
    session: e.SessionStarted | None = None
    status: str = ""
    trouble: str | None = None
    held: e.TaskHeld | None = None
    asked: dict[str, str] = field(default_factory=dict[str, str])
    pending: dict[str, str] = field(default_factory=dict[str, str])
    parts: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    used: list[e.Usage] = field(default_factory=list[e.Usage])

    @property
    def state(self) -> tuple[str, str, str | None]:
        """The state, since when, and why."""
        if self.phase in BUSY:
            return ("needs_you", min(self.asked.values()), None) if self.asked else ("running", self.since, None)
        if self.phase is Phase.INTERRUPTED:
            return "interrupted", self.since, self.trouble
        if self.held is not None:
            return "failed", self.held.timestamp, self.held.message
        if self.phase is Phase.WAITING:
            return "waiting_for_slot", self.since, None
        if self.status == "failed":
            return "failed", self.since, self.trouble
        if self.pending:
            return "waiting_for_slot", max(self.since, next(iter(self.pending.values()))), None
        return "idle", self.since, None


def read(events: Iterable[e.Event]) -> Notes:
    """All that the events say."""
    notes = Notes()
    for event in events:
        _tasks(notes, event)
        _run(notes, event)
        _phase(notes, event)
    return notes


def _phase(notes: Notes, event: e.Event) -> None:
    match event:
        case e.CodebaseRegistered():
            notes.phase, notes.since = Phase.IDLE, event.timestamp
        case e.SessionStarted():
            notes.session, notes.status, notes.trouble, notes.parts = event, event.status, None, []
            _enter(notes, event, Phase.WAITING if event.waiting else Phase.RUNNING)
        case e.SessionResumed():
            notes.trouble = None
            _enter(notes, event, Phase.WAITING if event.waiting else Phase.RUNNING)
        case e.SessionAdmitted():
            _enter(notes, event, Phase.RUNNING)
        case e.SessionInterrupted():
            _enter(notes, event, Phase.INTERRUPTED)
        case e.SessionCompleted() | e.SessionFailed() | e.SessionStopped():
            notes.status = event.status
            notes.since = event.timestamp
            notes.phase = notes.phase if notes.phase is Phase.DELETING else Phase.IDLE
        case e.SessionInterrupting():
            notes.phase = Phase.INTERRUPTING
        case e.SessionStopping():
            notes.phase = Phase.STOPPING
        case e.CodebaseDeleting():
            notes.phase = Phase.DELETING
        case e.CodebaseDeleted():
            notes.phase = Phase.DELETED
        case _:
            pass


def _enter(notes: Notes, event: e.Event, phase: Phase) -> None:
    notes.phase, notes.since = phase, event.timestamp
    notes.status = event.status if isinstance(event, e.SessionStarted) else notes.status
    if phase is Phase.INTERRUPTED:
        notes.status = "interrupted"
    elif isinstance(event, e.SessionResumed):
        notes.status = event.status
    elif isinstance(event, e.SessionAdmitted):
        notes.status = "running"


def _run(notes: Notes, event: e.Event) -> None:
    match event:
        case e.PermissionAsked():
            notes.asked[event.permission_id] = event.timestamp
        case e.PermissionAnswering() | e.PermissionReplied():
            notes.asked.pop(event.permission_id, None)
        case e.Error():
            notes.trouble = event.error
        case e.Usage():
            notes.used.append(event)
        case e.Output(type="text", subagent=None):
            before = notes.parts.pop()[1] if notes.parts and notes.parts[-1][0] == event.part_id else ""
            notes.parts.append((event.part_id, event.content if event.replaces else before + event.content))
        case _:
            pass


def _tasks(notes: Notes, event: e.Event) -> None:
    match event:
        case e.TaskCreated(task_id=str(task)):
            notes.pending[task] = event.timestamp
        case e.TaskResumed(status="pending", task_id=str(task)):
            notes.pending[task] = event.timestamp
        case e.TaskStarted() | e.TaskResumed() | e.TaskInterrupted() | e.TaskCompleted() | e.TaskFailed():
            notes.pending.pop(event.task_id or "", None)
        case e.TaskCancelled():
            notes.pending.pop(event.task_id or "", None)
        case e.TaskHeld():
            notes.held = event
        case _:
            pass
    ends = e.SessionAdmitted | e.SessionStarted | e.SessionInterrupted | e.SessionStopped | e.TaskCancelled
    if notes.held and isinstance(event, ends) and event.task_id == notes.held.task_id:
        notes.held = None


def assert_same(shown: Overview, notes: Notes) -> None:
    """The view says what the person noted down."""
    assert (shown.state, shown.since, shown.reason) == notes.state
    assert (shown.queued, shown.waiting) == (len(notes.pending), len(notes.asked))
    assert shown.says == (last_line(notes.parts[-1][1]) if notes.parts else None)
    last = (shown.session.id, shown.session.status) if shown.session else None
    assert last == ((notes.session.session_id, notes.status) if notes.session else None)
    assert shown.tokens == {kind: sum(u.tokens.get(kind, 0) for u in notes.used) for kind in ("input", "output")}
    assert shown.cost == _sum(u.cost for u in notes.used)
    assert shown.cost_today == _sum(u.cost for u in notes.used if u.timestamp.startswith(DAY))


def _sum(costs: Iterable[float]) -> float:
    """Added one after another, as the view does: `sum` is more exact from Python 3.12 on."""
    return reduce(add, costs, 0.0)


async def shown_of(root: Path, history: History) -> dict[CodebaseId, Overviewed]:
    """The overviews of all codebases of a log."""
    projections = await Projections.open(root / "views.db", await history.store())
    try:
        rows = await projections.views.overviews.rows_since(Position(0), DAY)
        found = [overviewed(*row) for row in rows]
        assert [one.position for one in found] == sorted(one.position for one in found)
        return {one.codebase.id: one for one in found}
    finally:
        await projections.close()


def events_of(history: History, stream: CodebaseId) -> list[e.Event]:
    """A codebase's events."""
    recorded = [new for of, commit in history.commits if of == stream for new in commit]
    return [
        decode(RecordedEvent(Position(0), stream, Sequence(number), new.topic, new.data))
        for number, new in enumerate(recorded, start=1)
    ]


@settings(max_examples=30, deadline=None)
@given(histories())
def test_the_fold_equals_a_plain_recomputation(history: History) -> None:
    """Whatever happened, the overview is what a reader of the events would write down."""
    with tempfile.TemporaryDirectory() as root:
        shown = asyncio.run(shown_of(Path(root), history))
    last = dict.fromkeys(STREAMS, 0)
    for stream, commit in history.commits:
        last[stream] = max(last.values()) + len(commit)
    for stream in STREAMS:
        notes = read(events_of(history, stream))
        if notes.phase is Phase.VOID:
            assert stream not in shown
            continue
        assert shown[stream].position == last[stream]
        overview = shown[stream].overview
        assert (overview is None) == (notes.phase is Phase.DELETED)
        if overview is not None:
            assert_same(overview, notes)


_pieces = st.text(alphabet="ab \n\t\0é🦄", max_size=8) | st.text(alphabet="x", min_size=150, max_size=450)
_outputs = st.lists(
    st.builds(
        e.Output,
        type=st.sampled_from(["text", "text", "text", "reasoning"]),
        content=_pieces,
        message_id=st.just("msg_1"),
        part_id=st.sampled_from(["p1", "p1", "p2"]),
        replaces=st.sampled_from([None, None, None, True]),
        subagent=st.sampled_from([None, None, None, "ses_2"]),
        session_id=st.sampled_from(["sess_1", "sess_1", "sess_1", "sess_0"]),
        timestamp=st.just(Timestamp("2026-01-01T00:00:00.000Z")),
    ),
    max_size=12,
)


@settings(max_examples=20, deadline=None)
@given(_outputs, st.lists(st.integers(1, 4), max_size=8))
def test_the_last_line(outputs: list[e.Output], cuts: list[int]) -> None:
    """The last line of the last text of the last session, however the text was cut into pieces and the log into batches."""
    history = History()
    register(history, A)
    at = Timestamp("2026-01-01T00:00:00.000Z")
    history.record(A, e.SessionStarted(session_id=SessionId("sess_1"), prompt="x", agent="build", timestamp=at))
    history.record(A, *outputs)

    async def scenario(root: Path) -> str | None:
        store = await history.store()
        expected = await rebuilt(root / "rebuilt.db", store)
        await apply_in_pieces(root / "views.db", store, cuts)
        assert tables(root / "views.db") == expected
        overview = (await shown_of(root, history))[A].overview
        return overview.says if overview else None

    with tempfile.TemporaryDirectory() as root:
        says = asyncio.run(scenario(Path(root)))
    notes = read([output for output in outputs if output.session_id == "sess_1"])
    text = notes.parts[-1][1].replace("\0", "") if notes.parts else ""
    lines = [line.strip() for line in text[-400:].strip().split("\n") if line.strip()]
    expected = lines[-1] if lines else None
    assert says == (f"…{expected[-199:]}" if expected and len(expected) > 200 else expected)


def _ask(history: History, kind: str = "1") -> None:
    session = history.state(A).session
    assert session is not None
    asked = f.PermissionRequested(
        session_id=session.id,
        agent_permission_id=AgentPermissionId(f"per_{kind}"),
        kind="permission",
        tool="bash",
        args={},
    )
    report(history, A, asked)


def _answer(history: History) -> None:
    session = history.state(A).session
    assert session is not None
    (permission,) = [asked for asked in session.permissions if asked not in session.answering]
    history.command(A, c.ReplyPermission(permission_id=permission, reply="once"))


def _queue(history: History) -> None:
    history.command(A, c.CreateTask(task_id=TaskId(history.name("task")), title="T", prompt="P"), has_slot=False)


def _hold(history: History) -> None:
    _queue(history)
    (task,) = history.state(A).queue
    held = e.TaskHeld(
        task_id=task.task_id, code="directory_gone", message="The directory is gone.", timestamp=history.at()
    )
    history.record(A, held)


def _crash(history: History) -> None:
    history.command(A, c.Recover())


STEPS: Final[tuple[tuple[str, tuple[Callable[[History], object], ...], str, str | None], ...]] = (
    ("registered", (), "idle", None),
    ("running", (lambda h: trigger(h, A),), "running", None),
    ("no slot", (lambda h: trigger(h, A, has_slot=False),), "waiting_for_slot", None),
    ("queued without a slot", (_queue,), "waiting_for_slot", None),
    ("asking", (lambda h: trigger(h, A), _ask), "needs_you", None),
    ("an answer on its way", (lambda h: trigger(h, A), _ask, _answer), "running", None),
    ("another question", (lambda h: trigger(h, A), _ask, _answer, lambda h: _ask(h, "2")), "needs_you", None),
    (
        "interrupting while it asks",
        (lambda h: trigger(h, A), _ask, lambda h: h.command(A, c.Interrupt())),
        "running",
        None,
    ),
    (
        "interrupted",
        (lambda h: trigger(h, A), lambda h: h.command(A, c.Interrupt()), lambda h: report(h, A, f.AgentAborted())),
        "interrupted",
        None,
    ),
    (
        "interrupted by a crash",
        (lambda h: trigger(h, A), _crash),
        "interrupted",
        "The server ended unexpectedly while the agent was running; files that it changed last may not be on record.",
    ),
    (
        "resumed after a crash",
        (
            lambda h: trigger(h, A),
            _crash,
            lambda h: h.command(A, c.SendMessage(message_id=message(h), content="On")),
        ),
        "running",
        None,
    ),
    ("failed", (lambda h: trigger(h, A), lambda h: finish(h, A, failed=True)), "failed", "Rate limit"),
    (
        "left by the next start",
        (lambda h: trigger(h, A), lambda h: finish(h, A, failed=True), lambda h: trigger(h, A)),
        "running",
        None,
    ),
    (
        "failed with a queue",
        (lambda h: trigger(h, A), lambda h: finish(h, A, failed=True), _queue),
        "failed",
        "Rate limit",
    ),
    ("completed", (lambda h: trigger(h, A), lambda h: finish(h, A)), "idle", None),
    (
        "stopped",
        (lambda h: trigger(h, A), lambda h: h.command(A, c.Stop()), lambda h: report(h, A, f.AgentStopped())),
        "idle",
        None,
    ),
    ("can't start", (_hold,), "failed", "The directory is gone."),
)


@pytest.mark.parametrize(("moves", "state", "reason"), [step[1:] for step in STEPS], ids=[step[0] for step in STEPS])
async def test_each_state(
    moves: tuple[Callable[[History], object], ...], state: str, reason: str | None, tmp_path: Path
) -> None:
    """Each way to a state, with the reason that is shown for it."""
    history = History()
    register(history, A)
    for move in moves:
        move(history)
    overview = (await shown_of(tmp_path, history))[A].overview
    assert overview is not None
    assert (overview.state, overview.reason) == (state, reason)
    assert_same(overview, read(events_of(history, A)))


async def test_the_costs_of_a_day(tmp_path: Path) -> None:
    """Costs belong to the UTC day of their events, also where the clock was set back in between."""
    history = History()
    register(history, A)
    session = trigger(history, A)
    for day, cost in (("2025-12-31", 1.0), ("2026-01-01", 2.0), ("2025-12-31", 4.0), ("2026-01-02", 8.0)):
        at = Timestamp(f"{day}T23:59:59.999Z")
        history.record(A, e.Usage(session_id=session, tokens={"input": 1, "output": 1}, cost=cost, timestamp=at))
    projections = await Projections.open(tmp_path / "views.db", await history.store())
    found = {}
    for day in ("2025-12-31", "2026-01-01", "2026-01-02", "2026-01-03"):
        one = await projections.views.overviews.get(A, day)
        assert one is not None
        assert one.overview is not None
        found[day] = (one.overview.cost_today, one.overview.cost)
    assert found == {
        "2025-12-31": (5.0, 15.0),
        "2026-01-01": (2.0, 15.0),
        "2026-01-02": (8.0, 15.0),
        "2026-01-03": (0.0, 15.0),
    }
    await projections.close()


def test_a_long_line() -> None:
    """Of a line that is too long, its end is shown: that is what the agent says now."""
    assert last_line("x" * 200) == "x" * 200
    assert last_line("begin" + "x" * 200) == "…" + "x" * 199
    assert last_line(" \n ") is None
    assert last_line("a\nb \n\n") == "b"
