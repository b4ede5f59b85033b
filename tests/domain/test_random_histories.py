"""Whatever anyone asks and whatever the agent reports, in any order: the history stays truthful."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.given import AT, REGISTER
from tests.domain.truth import assert_truthful

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.decide import decide
from opencode_ledger.domain.codebase.decision import Decision, fold
from opencode_ledger.domain.codebase.effects import Prompt, StopAgent
from opencode_ledger.domain.codebase.lifecycle_rules import BUSY, Phase
from opencode_ledger.domain.codebase.state import INITIAL, State
from opencode_ledger.domain.errors import LedgerError
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.events.wire import decode, encode
from opencode_ledger.domain.failure import Failure
from opencode_ledger.domain.ids import (
    AgentPermissionId,
    AgentSessionId,
    CodebaseId,
    MessageId,
    PermissionId,
    Position,
    Sequence,
    SessionId,
    TaskId,
)


@dataclass(frozen=True)
class Move:
    """One thing that happens. `pick` chooses among what there is; `has_slot`: whether an agent may run."""

    kind: str
    pick: int
    has_slot: bool


KINDS = (
    *("trigger", "message", "interrupt", "stop", "delete", "reply", "grant", "recover", "shutdown", "retire"),
    *("create", "change", "cancel"),
    *("opened", "text", "tool", "tool_end", "asked", "asked_again", "ended", "ended_early", "failed", "prompt_failed"),
    *("aborted", "stopped", "died", "stray"),
)
LIKELY = ("create", "create", "change", "grant", "trigger", "message", "tool", "asked", "aborted", "stopped", "text")
MOVES = st.lists(
    st.builds(Move, kind=st.sampled_from(KINDS + LIKELY), pick=st.integers(0, 3), has_slot=st.booleans()), max_size=50
)


def command_of(move: Move, state: State, number: int) -> c.Command:
    """The command that a move means in this state."""
    match move.kind:
        case "trigger":
            return c.Trigger(
                session_id=SessionId(f"sess_{number}"),
                task_id=TaskId(f"task_{number}"),
                message_id=MessageId(f"msg_{number}"),
                prompt=f"prompt {number}",
            )
        case "message":
            return c.SendMessage(message_id=MessageId(f"msg_{number}"), content=f"message {number}")
        case "create":
            task = TaskId(f"task_{number}")
            return c.CreateTask(task_id=task, title="t", prompt=f"prompt {number}", priority=move.pick)
        case "change":
            return change_of(move, list(state.queue), number)
        case "cancel":
            known = [task.task_id for task in state.queue] + [state.session.task_id if state.session else None]
            return c.CancelTask(task_id=known[move.pick % len(known)] or TaskId("task_0"))
        case "reply":
            asked = list(state.session.permissions) if state.session else []
            permission = asked[move.pick % len(asked)] if asked else PermissionId("perm_0")
            return c.ReplyPermission(permission_id=permission, reply="always")
        case kind if kind in SIMPLE:
            return SIMPLE[kind]()
        case _:
            return c.Report((fact_of(move, state, number),))


def change_of(move: Move, queue: list[e.TaskCreated], number: int) -> c.ChangeTask:
    """A change of one of the tasks that wait, or of none that is known."""
    known = [task.task_id or TaskId("") for task in queue] or [TaskId("task_0")]
    place = (c.End.FIRST, c.End.LAST, c.Before(known[number % len(known)]), None)[move.pick]
    priority = None if move.has_slot else number % 4
    return c.ChangeTask(
        task_id=known[-1 - move.pick % len(known)], prompt=f"p {number}", priority=priority, place=place
    )


SIMPLE: dict[str, Callable[[], c.Command]] = {
    "interrupt": c.Interrupt,
    "stop": c.Stop,
    "delete": c.Delete,
    "grant": c.GrantSlot,
    "recover": c.Recover,
    "shutdown": c.Shutdown,
    "retire": c.Retire,
}


def fact_of(move: Move, state: State, number: int) -> f.Fact:
    """The fact that a move means in this state."""
    active = state.session
    session = active.id if active and move.kind != "stray" else SessionId("sess_0")
    last = (active.last_prompt if active else None) or MessageId("msg_0")
    calls = list(active.open_tools) if active else []
    asked = [asked.agent_permission_id for asked in active.permissions.values()] if active else []
    question = asked[move.pick % len(asked)] if asked and move.kind == "asked_again" else None
    match move.kind:
        case "opened":
            agent_session = AgentSessionId(f"ses_{move.pick}")
            return f.SessionOpened(session_id=session, agent_session_id=agent_session, model="a/b")
        case "tool":
            return f.ToolStarted(session_id=session, call_id=f"call_{number}", tool="bash", args={})
        case "tool_end":
            call = calls[move.pick % len(calls)] if calls else "call_0"
            return f.ToolEnded(session_id=session, call_id=call, tool="bash", status="completed", output="")
        case "asked" | "asked_again":
            permission = question or AgentPermissionId(f"per_{number}")
            return f.PermissionRequested(session_id=session, agent_permission_id=permission, tool="bash", args={})
        case "ended":
            return f.RunEnded(session_id=session, answers=last, summary="ok")
        case "ended_early":
            return f.RunEnded(session_id=session, answers=MessageId("msg_0"))
        case "failed":
            return f.RunEnded(session_id=session, answers=last, failure=Failure(code="AGENT_ERROR", error="no"))
        case "prompt_failed":
            return f.PromptFailed(session_id=session, message_id=last, failure=Failure(code="AGENT_ERROR", error="no"))
        case "aborted":
            return f.AgentAborted()
        case "stopped":
            return f.AgentStopped()
        case "died":
            return f.AgentDied(reason="gone")
        case _:
            return f.TextStreamed(session_id=session, kind="text", content="x", message_id="msg_a", part_id="prt")


def recorded(events: list[e.Event]) -> list[RecordedEvent]:
    """The events as they come out of a log."""
    new = [encode(event) for event in events]
    return [
        RecordedEvent(Position(n), CodebaseId("cb_1"), Sequence(n), event.topic, event.data)
        for n, event in enumerate(new, 1)
    ]


def live(moves: list[Move]) -> tuple[list[e.Event], State, list[Decision]]:
    """Go through the moves; a refused one must be refused again and leave the state as it is."""
    registered = decide(INITIAL, REGISTER, AT).events
    events, state, decisions = list(registered), fold(INITIAL, registered), list[Decision]()
    for number, move in enumerate(moves, 1):
        command = command_of(move, state, number)
        try:
            decision = decide(state, command, AT, has_slot=move.has_slot)
        except LedgerError as refusal:
            with pytest.raises(type(refusal)):
                decide(state, command, AT, has_slot=move.has_slot)
            continue
        assert decide(state, command, AT, has_slot=move.has_slot) == decision
        state = fold(state, decision.events)
        events += decision.events
        decisions.append(decision)
    return events, state, decisions


@settings(deadline=None, max_examples=300)
@given(MOVES)
def test_every_history_is_truthful(moves: list[Move]) -> None:
    """One session at a time, one end each and nothing after it; what is asked is answered, what is opened is closed."""
    assert_truthful(live(moves)[0])


@settings(deadline=None, max_examples=200)
@given(MOVES)
def test_an_actor_wakes_as_it_fell_asleep(moves: list[Move]) -> None:
    """The state folded from the log, read without the agent's text, is the state that the actor had."""
    events, state, _ = live(moves)
    lifecycle = [event for event in recorded(events) if event.topic != "output"]
    assert fold(INITIAL, map(decode, lifecycle)) == state


@settings(deadline=None, max_examples=200)
@given(MOVES)
def test_a_recovery_is_needed_once(moves: list[Move]) -> None:
    """Wherever the server dies, recovery leaves nothing running, and a second recovery has nothing to do."""
    events, state, _ = live(moves)
    decision = decide(state, c.Recover(), AT)
    rested = fold(state, decision.events)
    assert rested.phase not in BUSY
    assert decide(rested, c.Recover(), AT).events == ()
    assert_truthful([*events, *decision.events])


@settings(deadline=None, max_examples=200)
@given(MOVES)
def test_agents_are_prompted_only_where_one_is_at_work(moves: list[Move]) -> None:
    """A prompt goes to an agent only with a session that runs, and no process is left where a prompt failed."""
    state = INITIAL
    for decision in (decide(INITIAL, REGISTER, AT), *live(moves)[2]):
        state = fold(state, decision.events)
        if any(isinstance(effect, Prompt) for effect in decision.effects):
            assert state.phase is Phase.RUNNING and state.session is not None and state.session.unsent == ()
        if any(isinstance(event, e.SessionFailed) for event in decision.events) and decision.effects:
            assert decision.effects == (StopAgent(),)


@settings(deadline=None, max_examples=100)
@given(MOVES)
def test_every_codebase_can_be_deleted(moves: list[Move]) -> None:
    """From wherever a codebase stands, a deletion and the agent's end make it gone."""
    _, state, _ = live(moves)
    if state.phase is not Phase.DELETED:
        for command in (c.Delete(), c.Report((f.AgentStopped(),))):
            state = fold(state, decide(state, command, AT).events)
    assert state.phase is Phase.DELETED and state.session is None and not state.queue
