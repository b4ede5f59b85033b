"""The queue of a codebase: what waits, what starts, what is taken out."""

import pytest
from tests.domain.given import (
    AGENT_SESSION,
    AT,
    CODEBASE,
    ENDED,
    MESSAGE,
    OPENED,
    TASK,
    TRIGGER,
    Story,
    given,
    report,
    standing_at,
)

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.decide import decide
from opencode_ledger.domain.codebase.decision import fold
from opencode_ledger.domain.codebase.effects import Prompt, StopAgent
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.errors import AgentStopping, CodebaseNotFound, LedgerError, TaskEnded
from opencode_ledger.domain.ids import MessageId, SessionId, TaskId

GRANT = c.GrantSlot()
HERE = [phase for phase in Phase if phase not in (Phase.VOID, Phase.DELETING, Phase.DELETED)]
AWAY: list[tuple[Phase, type[LedgerError]]] = [
    (Phase.VOID, CodebaseNotFound),
    (Phase.DELETING, AgentStopping),
    (Phase.DELETED, CodebaseNotFound),
]


def create(name: str, priority: int = 0) -> c.CreateTask:
    """A task to queue."""
    return c.CreateTask(task_id=TaskId(f"task_{name}"), title=name, prompt=f"do {name}", priority=priority)


def cancel(name: str) -> c.CancelTask:
    """A wish not to have it done."""
    return c.CancelTask(task_id=TaskId(f"task_{name}"))


def waiting(story: Story) -> list[str]:
    """The titles of what waits, in the order of coming."""
    return [task.title for task in story.state.queue]


def finish(story: Story) -> Story:
    """The story after the session now running has come to its end."""
    session = story.state.session
    assert session is not None and session.last_prompt is not None
    return story.when(report(f.RunEnded(session_id=session.id, answers=session.last_prompt)))


@pytest.mark.parametrize("phase", HERE, ids=lambda phase: phase.name)
def test_a_task_is_queued_whatever_the_agent_does(phase: Phase) -> None:
    """Wherever the codebase is there a task is queued, and the agent and its session go on as they were."""
    before = standing_at(phase)
    after = before.when(create("x")).says("task.created")
    assert (after.phase, after.state.session, waiting(after)) == (phase, before.state.session, ["x"])
    assert after.last.effects == ()


@pytest.mark.parametrize(("phase", "error"), AWAY, ids=lambda x: x.name if isinstance(x, Phase) else x.__name__)
def test_no_task_for_a_codebase_that_goes(phase: Phase, error: type[LedgerError]) -> None:
    """Where there is no codebase, or it is being deleted, nothing is queued and nothing cancelled."""
    standing_at(phase).refuses(create("x"), error)
    standing_at(phase).refuses(cancel("x"), error)


def test_what_a_queued_task_holds() -> None:
    """A task is recorded with all that is needed to start it later, the codebase's model where it names none."""
    config = c.Register(codebase_id=CODEBASE, name="shop", path="/code/shop", agent_config={"default_model": "p/m"})
    command = c.CreateTask(
        task_id=TASK, title="T", prompt="P", agent="plan", priority=3, files=("a.py",), metadata={"ticket": "J-1"}
    )
    Story().when(config).when(command).then(
        e.TaskCreated(
            task_id=TASK,
            title="T",
            prompt="P",
            agent_type="plan",
            model="p/m",
            priority=3,
            files=("a.py",),
            metadata={"ticket": "J-1"},
            timestamp=AT,
        )
    )


def test_an_idle_agent_takes_the_task_when_there_is_room() -> None:
    """With a free slot an idle agent starts the task: in a session of its own, with all of the task's members."""
    more = {"ticket": "J-1"}
    command = c.CreateTask(
        task_id=TASK, title="T", prompt="P", agent="plan", model="a/b", files=("a.py",), metadata=more
    )
    ids = e.Common(session_id=SessionId("sess_1"), task_id=TASK, timestamp=AT)
    started = given(command, GRANT).then(
        e.SessionStarted(prompt="P", agent="plan", model="a/b", files=("a.py",), metadata=more, **ids),
        e.TaskStarted(**ids),
        e.MessageSent(message_id=MessageId("msg_1"), content="P", agent="plan", model="a/b", **ids),
        e.Status(status="running", message="Agent started", **ids),
    )
    (prompt,) = started.last.effects
    assert isinstance(prompt, Prompt)
    assert (prompt.text, prompt.agent, prompt.model, prompt.files) == ("P", "plan", "a/b", ("a.py",))
    assert prompt.agent_session_id is None
    assert (started.phase, waiting(started)) == (Phase.RUNNING, [])


def test_a_task_starts_in_the_name_of_the_request_that_queued_it() -> None:
    """Whatever freed the slot, the events by which a task starts carry the name of the request that queued it."""
    queued = given(create("a"))
    (created,) = queued.last.asked_by(e.Cause("req-1", "anna")).events
    decision = decide(fold(given().state, [created]), GRANT, AT, has_slot=True)
    assert {event.cause for event in decision.events} == {e.Cause("req-1", "anna")}


def test_higher_priority_first_then_first_come() -> None:
    """Tasks are done by priority, the highest first, and those of equal priority as they came."""
    story = given(*(create(name, priority) for name, priority in [("a", 0), ("b", 5), ("c", -1), ("d", 5), ("e", 0)]))
    done: list[str] = []
    while story.state.queue:
        story = story.when(GRANT)
        assert story.state.session is not None and story.state.session.task_id is not None
        done.append(story.state.session.task_id.removeprefix("task_"))
        story = finish(story)
    assert done == ["b", "d", "a", "e", "c"]


@pytest.mark.parametrize("phase", [phase for phase in HERE if phase not in (Phase.IDLE, Phase.WAITING)])
def test_only_an_idle_agent_takes_from_the_queue(phase: Phase) -> None:
    """Room granted to an agent that is at work or interrupted starts nothing."""
    story = standing_at(phase).when(create("x")).when(GRANT).says()
    assert (story.phase, waiting(story)) == (phase, ["x"])


def test_a_trigger_that_waits_goes_before_the_queue() -> None:
    """A free slot goes to a triggered session that waits; the queue comes after it."""
    story = given(create("x"), TRIGGER, has_slot=False).when(GRANT).says("session.admitted", "task.started", "status")
    assert waiting(story) == ["x"]
    story = story.when(report(OPENED, ENDED))
    assert story.state.wants_slot
    assert not story.when(GRANT).state.queue


def test_work_that_could_start_wants_room() -> None:
    """Room is wanted by an idle agent with a queue, and by a session that waits; by nobody else."""
    assert not given().state.wants_slot
    assert given(create("x")).state.wants_slot
    assert given(TRIGGER, has_slot=False).state.wants_slot
    assert not given(TRIGGER).when(create("x")).state.wants_slot
    assert not standing_at(Phase.INTERRUPTED).when(create("x")).state.wants_slot


def test_a_task_in_the_queue_is_cancelled() -> None:
    """A task that waits is taken out of the queue, and the others keep their order."""
    story = given(create("a"), create("b"), create("c"), cancel("b"))
    story.then(e.TaskCancelled(task_id=TaskId("task_b"), timestamp=AT))
    assert (waiting(story), story.phase) == (["a", "c"], Phase.IDLE)
    story.refuses(cancel("b"), TaskEnded)


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.RUNNING, Phase.INTERRUPTING, Phase.INTERRUPTED])
def test_the_task_that_is_worked_on_is_cancelled_by_a_stop(phase: Phase) -> None:
    """To cancel the task of the active session stops that session, and is answered when the agent is gone."""
    story = standing_at(phase).when(c.CancelTask(task_id=TASK))
    assert (story.phase, story.last.effects) == (Phase.STOPPING, (StopAgent(),))
    assert story.last.unanswered_while == {Phase.STOPPING, Phase.DELETING}
    story = story.when(report(f.AgentStopped())).says("task.cancelled", "session.stopped", "status", "complete")
    story.refuses(c.CancelTask(task_id=TASK), TaskEnded)


def test_a_cancel_during_a_stop_waits_for_it() -> None:
    """While the session is being stopped, a cancel of its task records nothing more and waits for the end."""
    story = standing_at(Phase.STOPPING).when(c.CancelTask(task_id=TASK)).says()
    assert story.last.unanswered_while == {Phase.STOPPING, Phase.DELETING}


def test_what_has_ended_is_not_cancelled() -> None:
    """A task that is done, or that nobody knows, can't be cancelled; one that a crash of the agent interrupted can."""
    given(TRIGGER, report(OPENED, ENDED)).refuses(c.CancelTask(task_id=TASK), TaskEnded)
    crashed = given(TRIGGER, report(OPENED), report(f.AgentDied(reason="gone")))
    assert crashed.phase is Phase.INTERRUPTED
    crashed.when(c.CancelTask(task_id=TASK)).says("session.stopping")
    crashed.when(MESSAGE).when(c.CancelTask(task_id=TASK)).says("session.stopping")
    given().refuses(cancel("none"), TaskEnded)


def test_a_deletion_cancels_what_waits() -> None:
    """With the codebase everything that waits for its agent is cancelled, before the codebase is gone."""
    story = given(TRIGGER, report(OPENED), create("a"), create("b"), c.Delete(), report(f.AgentStopped()))
    cancelled = [event.task_id for event in story.last.events if isinstance(event, e.TaskCancelled)]
    assert cancelled == [TASK, "task_a", "task_b"]
    assert isinstance(story.last.events[-1], e.CodebaseDeleted)
    assert (story.phase, waiting(story)) == (Phase.DELETED, [])


def test_a_recovery_keeps_the_queue() -> None:
    """After a crash of the server what waited still waits, behind the session that was interrupted."""
    story = given(create("a"), GRANT, create("b"), c.Recover())
    assert (story.phase, waiting(story)) == (Phase.INTERRUPTED, ["b"])
    stopped = story.when(c.Stop()).when(report(f.AgentStopped()))
    assert stopped.state.wants_slot


def test_a_session_made_from_a_task_goes_on_as_any_other() -> None:
    """A session of a queued task is interrupted and resumed by a message, as one that was triggered."""
    taken = f.PromptTaken(session_id=OPENED.session_id, message_id=MessageId("msg_1"))
    story = given(create("1"), GRANT, report(OPENED, taken), c.Interrupt(), report(f.AgentAborted()), MESSAGE)
    (prompt,) = story.last.effects
    assert isinstance(prompt, Prompt)
    assert (prompt.agent_session_id, prompt.files) == (AGENT_SESSION, ())
    assert story.phase is Phase.RUNNING
