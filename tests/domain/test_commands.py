"""What each command is recorded as, and what it wishes of the agent."""

from dataclasses import replace

import pytest
from tests.domain.given import (
    AGAIN,
    AGENT_PERMISSION,
    AGENT_SESSION,
    ASKED,
    AT,
    CODEBASE,
    FIRST,
    IDS,
    LATER,
    MESSAGE,
    OPENED,
    PERMISSION,
    REGISTER,
    SESSION,
    SETTLED,
    TAKEN,
    THIRD,
    TOOL_STARTED,
    TRIGGER,
    Story,
    given,
    report,
    standing_at,
)

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import effects as x
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.decide import decide
from opencode_ledger.domain.codebase.decision import fold
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.codebase.state import title_of
from opencode_ledger.domain.errors import CodebaseNotFound, PermissionAnswered, PermissionNotFound

FIRST_PROMPT = x.Prompt(
    session_id=SESSION,
    agent_session_id=None,
    message_id=FIRST,
    text="Add tests\nplease",
    agent="build",
    model=None,
    files=("a.py",),
    title="Add tests",
)
REPLY = c.ReplyPermission(permission_id=PERMISSION, reply="once")
PAUSED = ("task.interrupted", "session.interrupted", "status")
STOPPED = ["task.cancelled", "session.stopped", "status", "complete"]


def prompts(story: Story) -> list[str]:
    """The words that the last command has handed to the agent."""
    return [effect.text for effect in story.last.effects if isinstance(effect, x.Prompt)]


def test_registering_makes_a_codebase_idle() -> None:
    """Registering is recorded with everything the caller said about the directory."""
    Story().when(REGISTER).then(
        e.CodebaseRegistered(codebase_id=CODEBASE, name="shop", path="/code/shop", timestamp=AT)
    )


def test_a_trigger_starts_a_session_and_its_task_and_prompts_the_agent() -> None:
    """A trigger records session, task, message and status, and hands the prompt with its files to the agent."""
    story = given(TRIGGER).then(
        e.SessionStarted(prompt="Add tests\nplease", agent="build", files=("a.py",), **IDS),
        e.TaskCreated(title="Add tests", prompt="Add tests\nplease", agent_type="build", files=("a.py",), **IDS),
        e.TaskStarted(**IDS),
        e.MessageSent(message_id=FIRST, content="Add tests\nplease", agent="build", **IDS),
        e.Status(status="running", message="Agent started", **IDS),
    )
    assert story.last.effects == (FIRST_PROMPT,)


def test_a_trigger_without_room_waits_and_its_task_is_pending() -> None:
    """A trigger without a free slot records a session that waits and a task that has not started."""
    story = given(TRIGGER, has_slot=False).says("session.started", "task.created", "message_sent", "status")
    assert story.phase is Phase.WAITING and story.last.effects == ()


def test_room_lets_a_waiting_session_run_with_all_that_was_said() -> None:
    """Once a slot is free, the task starts, and the agent gets the prompt and every message sent meanwhile."""
    story = given(TRIGGER, MESSAGE, has_slot=False).when(c.GrantSlot())
    story.says("session.admitted", "task.started", "status")
    assert prompts(story) == ["Add tests\nplease", "use pytest"]
    assert story.last.effects[0] == FIRST_PROMPT
    assert story.state.session is not None and story.state.session.unsent == ()


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.WAITING])
def test_room_that_nobody_waits_for_changes_nothing(phase: Phase) -> None:
    """Room granted to a codebase that no longer waits is recorded as nothing."""
    story = standing_at(phase).when(c.GrantSlot()).then()
    assert story.last.effects == ()


def test_the_default_model_of_the_codebase_is_used() -> None:
    """A trigger without a model takes the codebase's default, and one with a model its own."""
    configured = Story().when(replace(REGISTER, agent_config={"default_model": "a/b"}))
    started = configured.when(TRIGGER).last.events[0]
    assert isinstance(started, e.SessionStarted) and started.model == "a/b"
    chosen = configured.when(replace(TRIGGER, model="c/d")).last.events[0]
    assert isinstance(chosen, e.SessionStarted) and chosen.model == "c/d"


def test_a_message_steers_the_running_session() -> None:
    """A message to a running agent is recorded and handed over at once, without the files of the first prompt."""
    story = given(TRIGGER, report(OPENED, TAKEN), MESSAGE).says("message_sent")
    (prompt,) = story.last.effects
    assert isinstance(prompt, x.Prompt)
    assert (prompt.text, prompt.files, prompt.agent_session_id) == ("use pytest", (), AGENT_SESSION)


def test_a_message_while_the_agent_aborts_is_held_and_then_resumes() -> None:
    """A message sent between an interrupt and its end is kept, and resumes the session once the agent has aborted."""
    story = given(TRIGGER, report(OPENED, TAKEN), c.Interrupt(), MESSAGE).says("message_sent")
    assert story.last.effects == ()
    story = story.when(report(f.AgentAborted())).says(*PAUSED, "session.resumed", "task.resumed", "status")
    assert prompts(story) == ["use pytest"] and story.phase is Phase.RUNNING


def test_a_message_resumes_an_interrupted_session() -> None:
    """A message to an interrupted agent resumes the same session in the agent's own session."""
    story = standing_at(Phase.INTERRUPTED).when(LATER).says("session.resumed", "task.resumed", "message_sent", "status")
    (prompt,) = story.last.effects
    assert isinstance(prompt, x.Prompt) and prompt.agent_session_id == AGENT_SESSION


def test_an_interrupt_before_the_agent_took_the_prompt_loses_no_word() -> None:
    """A prompt that the agent was still starting for is handed over, with its files, when a message resumes the session."""
    story = given(TRIGGER, MESSAGE, c.Interrupt(), report(f.AgentAborted())).when(LATER)
    assert prompts(story) == ["Add tests\nplease", "use pytest", "go on"]
    assert story.last.effects[0] == FIRST_PROMPT
    linked = given(TRIGGER, MESSAGE, report(OPENED, TAKEN), c.Interrupt(), report(f.AgentAborted())).when(LATER)
    assert prompts(linked) == ["use pytest", "go on"]


def test_what_the_agent_was_given_is_recorded_and_never_given_again() -> None:
    """A message is on record as delivered before the agent gets it, and not after an interrupt."""
    given(TRIGGER, report(OPENED)).when(report(TAKEN)).says("message_delivered").when(report(TAKEN)).then()
    given(TRIGGER, report(OPENED), c.Interrupt()).when(report(TAKEN)).then()


def test_words_untaken_and_words_since_the_interrupt_are_handed_over_in_order() -> None:
    """A message sent while the agent aborts resumes the session with every message that it has not got."""
    story = given(TRIGGER, c.Interrupt(), MESSAGE).when(report(OPENED, f.AgentAborted()))
    assert prompts(story) == ["Add tests\nplease", "use pytest"] and story.phase is Phase.RUNNING


def test_a_message_without_room_waits_to_resume() -> None:
    """Without a free slot an interrupted session waits, and then sends what was said meanwhile."""
    story = standing_at(Phase.INTERRUPTED).when(LATER, has_slot=False)
    assert story.phase is Phase.WAITING and story.last.effects == ()
    assert prompts(story.when(c.GrantSlot())) == ["go on"]


def test_a_task_starts_when_its_session_first_runs() -> None:
    """A task whose session waited, was interrupted and is then resumed has started, and only once."""
    story = given(TRIGGER, c.Interrupt(), has_slot=False)
    story = story.when(LATER).says("session.resumed", "task.started", "message_sent", "status")
    assert prompts(story) == ["Add tests\nplease", "go on"]
    story = story.when(c.Interrupt()).when(report(f.AgentAborted())).when(MESSAGE)
    story.says("session.resumed", "task.resumed", "message_sent", "status")


def test_an_interrupt_aborts_the_agent() -> None:
    """An interrupt is recorded before the agent is aborted, and again when it has aborted."""
    story = standing_at(Phase.INTERRUPTING).says("session.interrupting")
    assert story.last.effects == (x.Abort(),)
    story.when(report(f.AgentAborted())).says(*PAUSED)


def test_an_interrupt_of_what_waits_takes_effect_at_once() -> None:
    """A session that waits for a slot has no agent to wait for: it is interrupted at once."""
    story = given(TRIGGER, c.Interrupt(), has_slot=False).says(*PAUSED)
    assert story.last.effects == ()


@pytest.mark.parametrize("halt", [c.Interrupt(), c.Stop(), c.Delete(), c.Shutdown()])
def test_nothing_asked_may_be_executed_after_a_halt(halt: c.Command) -> None:
    """An interrupt or a stop rejects at once what the agent was asking for."""
    story = given(TRIGGER, report(ASKED), halt)
    replied = [event for event in story.last.events if isinstance(event, e.PermissionReplied)]
    assert [(r.permission_id, r.reply, r.decided_by) for r in replied] == [(PERMISSION, "reject", "interrupt")]


def test_a_second_halt_of_the_same_kind_records_nothing_and_waits_for_the_first() -> None:
    """To interrupt, stop or delete twice is recorded once, and both callers are answered at its end."""
    for phase, command in (
        (Phase.INTERRUPTING, c.Interrupt()),
        (Phase.STOPPING, c.Stop()),
        (Phase.DELETING, c.Delete()),
    ):
        story = standing_at(phase).when(command).then()
        assert story.last.effects == () and phase in story.last.unanswered_while


def test_a_stop_ends_the_session_when_no_process_is_left() -> None:
    """A stop cancels the task and ends the session with everything it left open, once the processes are gone."""
    story = given(TRIGGER, report(OPENED, TOOL_STARTED, ASKED), c.Stop())
    story.says("session.stopping", "permission.replied")
    assert story.last.effects == (x.StopAgent(),)
    story.when(report(f.AgentStopped())).says("tool_result", *STOPPED)


def test_a_new_trigger_ends_the_interrupted_session_before_it() -> None:
    """A trigger on an interrupted codebase stops the old session and starts a new one."""
    story = standing_at(Phase.INTERRUPTED).when(AGAIN)
    story.says(*STOPPED, "session.started", "task.created", "task.started", "message_sent", "status")
    assert {event.session_id for event in story.last.events} == {SESSION, "sess_2"}
    (prompt,) = story.last.effects
    assert isinstance(prompt, x.Prompt) and prompt.agent_session_id is None


def test_deleting_stops_the_agent_then_hides_the_codebase() -> None:
    """A deletion ends the session first, and the codebase is gone only after it."""
    story = standing_at(Phase.DELETING).says("codebase.deleting")
    story.when(report(f.AgentStopped())).says(*STOPPED, "codebase.deleted")


def test_an_answered_permission_goes_to_the_agent() -> None:
    """A reply is recorded with its author and handed to the agent; a second one finds nothing to answer, then or later."""
    story = given(TRIGGER, report(ASKED), REPLY).then(
        e.PermissionAnswering(permission_id=PERMISSION, reply="once", decided_by="user", **IDS)
    )
    yes = x.AnswerPermission(session_id=SESSION, agent_permission_id=AGENT_PERMISSION, reply="once", message=None)
    assert story.last.effects == (yes,)
    story.refuses(REPLY, PermissionAnswered)
    story.when(report(SETTLED)).refuses(REPLY, PermissionNotFound)


@pytest.mark.parametrize("phase", list(Phase))
def test_a_reply_to_what_was_not_asked_is_refused(phase: Phase) -> None:
    """A reply is refused where the agent asks nothing; for an unknown codebase the refusal says so."""
    unknown = phase in (Phase.VOID, Phase.DELETED)
    standing_at(phase).refuses(REPLY, CodebaseNotFound if unknown else PermissionNotFound)


def test_recovery_interrupts_what_was_running_and_says_why() -> None:
    """After a crash of the server a running session is interrupted, with its task, and an error says why."""
    for phase in (Phase.RUNNING, Phase.INTERRUPTING):
        story = standing_at(phase).when(c.Recover()).says("error", *PAUSED)
        error = story.last.events[0]
        assert isinstance(error, e.Error) and error.code == "SERVER_RESTARTED"
        assert story.phase is Phase.INTERRUPTED


def test_recovery_finishes_what_was_ending() -> None:
    """After a crash of the server a stop or a deletion that was under way is finished."""
    assert standing_at(Phase.STOPPING).when(c.Recover()).says(*STOPPED).phase is Phase.IDLE
    assert standing_at(Phase.DELETING).when(c.Recover()).phase is Phase.DELETED


@pytest.mark.parametrize("phase", [Phase.VOID, Phase.IDLE, Phase.WAITING, Phase.INTERRUPTED, Phase.DELETED])
def test_recovery_leaves_alone_what_was_not_running(phase: Phase) -> None:
    """After a crash of the server what was at rest stays, and what waited goes on waiting."""
    assert standing_at(phase).when(c.Recover()).then().phase is phase


def test_a_failed_task_is_not_ended_twice() -> None:
    """A session of an old log, whose task a crash failed, is resumed and completes, while its task stays failed."""
    failed = e.TaskFailed(error="The server ended unexpectedly.", code="SERVER_RESTARTED", **IDS)
    before = standing_at(Phase.RUNNING)
    crashed = [
        failed if isinstance(event, e.TaskInterrupted) else event for event in before.when(c.Recover()).last.events
    ]
    story = Story(fold(before.state, crashed)).when(LATER).says("session.resumed", "message_sent", "status")
    ended = f.RunEnded(session_id=SESSION, answers=THIRD, summary="ok")
    story.when(report(ended)).says("session.completed", "status", "complete")


def test_the_servers_end_interrupts_and_records_why() -> None:
    """At the server's end a running session is interrupted, its agent stopped, and the reason recorded."""
    story = standing_at(Phase.RUNNING).when(c.Shutdown()).says("session.interrupting")
    assert story.last.effects == (x.StopAgent(),)
    story = story.when(report(f.AgentStopped())).says("error", *PAUSED)
    assert isinstance(error := story.last.events[0], e.Error) and error.code == "SERVER_STOPPED"


@pytest.mark.parametrize("phase", [Phase.IDLE, Phase.WAITING, Phase.INTERRUPTED, Phase.STOPPING, Phase.DELETING])
def test_the_servers_end_leaves_the_rest_as_it_is(phase: Phase) -> None:
    """At the server's end what is at rest, waits or is already ending is recorded as nothing new."""
    assert standing_at(phase).when(c.Shutdown()).then().phase is phase


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.VOID])
def test_only_an_agent_without_work_is_retired(phase: Phase) -> None:
    """Retiring ends the process of an agent that rests, records nothing, and never touches one at work."""
    story = standing_at(phase)
    at_work = story.state.occupies_slot
    assert story.when(c.Retire()).then().last.effects == (() if at_work else (x.StopAgent(),))


@pytest.mark.parametrize(
    ("prompt", "title"),
    [("Fix it", "Fix it"), ("\n  \n Fix it \nnow", "Fix it"), ("", ""), ("a" * 81, "a" * 79 + "…")],
)
def test_a_title_is_the_first_line_that_says_something(prompt: str, title: str) -> None:
    """A piece of work is called by the first line of its prompt with words in it, cut to 80 characters."""
    assert title_of(prompt) == title


def test_what_is_no_command_is_a_mistake_of_ours() -> None:
    """Anything else than a command, or than a fact in a report, is a programming error and not a refusal."""
    with pytest.raises(AssertionError):
        decide(given().state, "trigger", AT)  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        given(TRIGGER).when(report(ENDLESS))  # type: ignore[arg-type]


class Endless:
    """Something that no agent reports."""

    session_id = SESSION


ENDLESS = Endless()


@pytest.mark.parametrize("phase", Phase)
def test_what_the_agent_asked_of_the_service(phase: Phase) -> None:
    """That an agent turned to the service is recorded with its session, and changes nothing; also while it is being ended."""
    note = c.NoteRefusedAccess(calls=("POST /x", "GET /"), times=3, program="curl")
    story = standing_at(phase)
    if phase in (Phase.VOID, Phase.DELETED):
        story.refuses(note, CodebaseNotFound)
        return
    after = story.when(note)
    ids = IDS if story.state.session else e.Common(session_id=None, task_id=None, timestamp=AT)
    after.then(e.AccessRefused(calls=note.calls, times=3, program="curl", **ids))
    assert (after.state, after.last.effects) == (story.state, ())
