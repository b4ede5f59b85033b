"""What each of the agent's reports is recorded as."""

from dataclasses import replace
from typing import TypeAlias

import pytest
from tests.domain.given import (
    AGENT_PERMISSION,
    AGENT_SESSION,
    ASKED,
    ENDED,
    FIRST,
    IDS,
    LATER,
    MESSAGE,
    OPENED,
    PERMISSION,
    REGISTER,
    SESSION,
    TEXT,
    TOOL_ENDED,
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
from opencode_ledger.domain.codebase.lifecycle_rules import BUSY, Phase
from opencode_ledger.domain.failure import Failure
from opencode_ledger.domain.ids import AgentSessionId, MessageId, SessionId

HELPER = AgentSessionId("ses_helper")
PROMPT_FAILED = f.PromptFailed(
    session_id=SESSION, message_id=FIRST, failure=Failure(code="agent_unavailable", error="no model")
)
ANSWER_FAILED = f.AnswerFailed(session_id=SESSION, failure=Failure(code="ANSWER_NOT_TAKEN", error="no answer"))
SessionFact: TypeAlias = (
    f.SessionOpened
    | f.TextStreamed
    | f.ToolStarted
    | f.ToolEnded
    | f.FileChanged
    | f.FilesUnknown
    | f.StepUsed
    | f.RetryScheduled
    | f.PermissionRequested
    | f.RunEnded
    | f.PromptFailed
    | f.AnswerFailed
)
FACTS: tuple[SessionFact, ...] = (
    replace(OPENED, model="other/model"),
    TEXT,
    TOOL_STARTED,
    TOOL_ENDED,
    f.FileChanged(session_id=SESSION, action="create", path="a.py"),
    f.StepUsed(session_id=SESSION, tokens={"input": 10, "output": 2}, cost=0.01),
    f.RetryScheduled(session_id=SESSION, attempt=2, reason="overloaded", delay=4.4),
    ASKED,
    ENDED,
    PROMPT_FAILED,
    ANSWER_FAILED,
    f.FileChanged(session_id=SESSION, action="delete", path="a%FF", path_encoding="percent"),
    f.FilesUnknown(session_id=SESSION, reason="Too many files."),
)
"""One of every kind that belongs to a session."""


def named(fact: object) -> str:
    """How a fact is called in the list of tests."""
    return type(fact).__name__ if not isinstance(fact, Phase) else fact.name


def test_the_agents_own_session_is_recorded_once() -> None:
    """The agent's session and model are recorded when they become known, and not again when they are repeated."""
    story = given(TRIGGER, report(OPENED)).then(
        e.SessionLinked(agent_session_id=AGENT_SESSION, model="test/model", **IDS)
    )
    story.when(report(OPENED)).then()


def test_text_is_recorded_as_output() -> None:
    """A piece of text is recorded word for word, and so is that it takes back what came before it."""
    given(TRIGGER, report(TEXT, replace(TEXT, kind="reasoning", replaces=True, subagent=HELPER))).then(
        e.Output(type="text", content="Hello", message_id="msg_a", part_id="prt_1", **IDS),
        e.Output(
            type="reasoning",
            content="Hello",
            message_id="msg_a",
            part_id="prt_1",
            replaces=True,
            subagent=HELPER,
            **IDS,
        ),
    )


def test_a_tool_call_is_recorded_with_its_result() -> None:
    """A tool call is recorded when it begins, with its arguments, and when it ends, with its output."""
    story = given(TRIGGER, report(TOOL_STARTED, TOOL_ENDED)).then(
        e.ToolUse(tool="bash", args={"command": "ls"}, call_id="call_1", **IDS),
        e.ToolResult(tool="bash", call_id="call_1", status="completed", output="a.py", **IDS),
    )
    assert story.state.session is not None and story.state.session.open_tools == {}


def test_changed_files_usage_and_retries_are_recorded() -> None:
    """Files, tokens and money, and the provider's failures are recorded as they are reported."""
    given(TRIGGER, report(*FACTS[4:7])).then(
        e.FileChange(change="create", path="a.py", **IDS),
        e.Usage(tokens={"input": 10, "output": 2}, cost=0.01, **IDS),
        e.Status(
            status="running",
            message="The model's provider failed (overloaded); trying again in 4 s",
            attempt=2,
            **IDS,
        ),
    )


def test_names_that_are_no_text_and_files_without_a_name_are_recorded() -> None:
    """How a name is written is recorded with it, and so is a sentence on files that changed and can't be named."""
    given(TRIGGER, report(*FACTS[11:])).then(
        e.FileChange(change="delete", path="a%FF", path_encoding="percent", **IDS),
        e.Status(status="running", message="Too many files.", about="files", **IDS),
    )


def test_a_question_of_permission_waits_for_somebody_but_not_for_ever() -> None:
    """A question is recorded and given a limit; asked twice while it is open, it is one question."""
    story = given(TRIGGER, report(ASKED, ASKED)).says("permission.asked")
    assert story.last.effects == (x.LimitPermission(permission_id=PERMISSION),)


def test_auto_approval_answers_by_itself_and_says_so() -> None:
    """With auto_approve a question is answered at once, and recorded as having been answered so."""
    story = Story().when(replace(REGISTER, agent_config={"auto_approve": True})).when(TRIGGER).when(report(ASKED))
    story.says("permission.asked", "permission.answering")
    wish = story.last.events[1]
    assert isinstance(wish, e.PermissionAnswering)
    assert (wish.reply, wish.decided_by) == ("once", "auto_approve")
    yes = x.AnswerPermission(session_id=SESSION, agent_permission_id=AGENT_PERMISSION, reply="once", message=None)
    assert story.last.effects == (yes,)


def test_only_the_word_true_approves_automatically() -> None:
    """An auto_approve that is not exactly true asks people."""
    story = Story().when(replace(REGISTER, agent_config={"auto_approve": "yes"})).when(TRIGGER)
    story.when(report(ASKED)).says("permission.asked")


@pytest.mark.parametrize("phase", [Phase.INTERRUPTING, Phase.STOPPING, Phase.DELETING], ids=named)
def test_a_question_after_a_halt_is_refused_in_the_same_breath(phase: Phase) -> None:
    """What the agent asks after an interrupt is recorded and rejected at once, with nothing left to answer."""
    story = standing_at(phase).when(report(ASKED)).says("permission.asked", "permission.replied")
    assert story.last.effects == ()
    assert story.state.session is not None and story.state.session.permissions == {}


def test_a_finished_run_completes_session_and_task() -> None:
    """When the agent comes to rest, its last words are the task's result and the session's summary."""
    given(TRIGGER, report(ENDED)).then(
        e.TaskCompleted(result="Tests added.", **IDS),
        e.SessionCompleted(**IDS),
        e.Status(status="idle", message="Agent finished", **IDS),
        e.Complete(status="completed", summary="Tests added.", **IDS),
    )


def test_a_failed_run_fails_session_and_task() -> None:
    """When the agent fails, the error is recorded before the task, the session and its end."""
    failed = replace(ENDED, failure=Failure(code="AGENT_ERROR", error="out of tokens"))
    story = given(TRIGGER, report(TOOL_STARTED, failed))
    story.says("tool_use", "error", "tool_result", "task.failed", "session.failed", "status", "complete")
    assert story.phase is Phase.IDLE and story.state.session is None


def test_an_end_before_a_newer_prompt_is_no_end() -> None:
    """A run that ends before the newest message was answered is not over; the end that answers it is."""
    story = given(TRIGGER, MESSAGE, report(ENDED)).then()
    assert story.phase is Phase.RUNNING
    assert story.when(report(replace(ENDED, answers=MessageId("msg_2")))).phase is Phase.IDLE


@pytest.mark.parametrize("phase", [Phase.INTERRUPTING, Phase.STOPPING, Phase.DELETING], ids=named)
@pytest.mark.parametrize("fact", [ENDED, PROMPT_FAILED, ANSWER_FAILED, f.AgentDied(reason="killed")], ids=named)
def test_once_halted_nothing_else_decides_the_outcome(phase: Phase, fact: f.Fact) -> None:
    """After an interrupt, a stop or a deletion was accepted, the agent's own end doesn't change what it becomes."""
    assert standing_at(phase).when(report(fact)).then().phase is phase


def test_a_prompt_that_can_not_be_given_fails_the_session_and_ends_the_process() -> None:
    """A prompt that the agent can't take fails the session with the agent's reason, and leaves no process."""
    story = given(TRIGGER, report(PROMPT_FAILED))
    story.says("error", "task.failed", "session.failed", "status", "complete")
    assert story.last.effects == (x.StopAgent(),)
    error = story.last.events[0]
    assert isinstance(error, e.Error) and (error.error, error.code) == ("no model", "agent_unavailable")


def test_a_crash_of_the_agent_interrupts_and_a_message_resumes() -> None:
    """When the agent's process dies, the error says why, the task fails, and the session can be resumed."""
    story = given(TRIGGER, report(OPENED, TOOL_STARTED, f.AgentDied(reason="signal 9")))
    story.says(
        "session.linked", "tool_use", "error", "tool_result", "task.interrupted", "session.interrupted", "status"
    )
    assert story.last.effects == (x.StopAgent(),), "a prompt on its way must not start another process"
    assert story.when(LATER).phase is Phase.RUNNING


def test_an_agent_that_had_to_be_ended_says_what_for() -> None:
    """Where the process was ended for a fault of its own, error and task carry the code and the whole reason."""
    story = given(TRIGGER, report(OPENED, f.AgentDied(reason="It took too much.", code="AGENT_OUT_OF_MEMORY")))
    errors = [event for event in story.last.events if isinstance(event, e.Error | e.TaskInterrupted)]
    assert [(event.error, event.code) for event in errors] == [("It took too much.", "AGENT_OUT_OF_MEMORY")] * 2
    assert story.when(LATER).phase is Phase.RUNNING


def test_an_abort_without_an_interrupt_changes_nothing() -> None:
    """Late or repeated news of the process changes nothing where nobody waits for it."""
    for phase in (Phase.IDLE, Phase.RUNNING, Phase.INTERRUPTED, Phase.WAITING, Phase.DELETED):
        standing_at(phase).when(report(f.AgentAborted())).then()
        standing_at(phase).when(report(f.AgentStopped())).then()


def test_a_stopped_process_has_aborted_too() -> None:
    """When the process is gone before it could abort, the interrupt is done."""
    standing_at(Phase.INTERRUPTING).when(report(f.AgentStopped())).says(
        "task.interrupted", "session.interrupted", "status"
    )


@pytest.mark.parametrize("fact", FACTS, ids=named)
@pytest.mark.parametrize("phase", [p for p in Phase if p not in BUSY], ids=named)
def test_what_comes_after_the_end_is_not_recorded(phase: Phase, fact: f.Fact) -> None:
    """Nothing is recorded of a session whose agent is not at work."""
    story = standing_at(phase).when(report(fact)).then()
    assert story.last.effects == ()


@pytest.mark.parametrize("fact", FACTS, ids=named)
@pytest.mark.parametrize("phase", [p for p in Phase if p in BUSY], ids=named)
def test_what_belongs_to_another_session_is_not_recorded(phase: Phase, fact: SessionFact) -> None:
    """Nothing is recorded of a session that is not the active one."""
    standing_at(phase).when(report(replace(fact, session_id=SessionId("sess_0")))).then()


@pytest.mark.parametrize("phase", [Phase.INTERRUPTING, Phase.STOPPING, Phase.DELETING], ids=named)
def test_last_words_after_a_halt_are_recorded(phase: Phase) -> None:
    """What the agent still says while it aborts is recorded."""
    standing_at(phase).when(report(TEXT)).says("output")


def test_a_report_of_several_facts_is_as_good_as_several_reports() -> None:
    """It makes no difference how the agent's facts are bundled."""
    facts = (OPENED, TEXT, TOOL_STARTED, ASKED, TOOL_ENDED, ENDED, TEXT)
    bundled, single = given(TRIGGER, report(*facts)), given(TRIGGER, *(report(fact) for fact in facts))
    assert bundled.events == single.events and bundled.state == single.state


def test_a_halt_between_two_reports_of_a_bundle_counts_for_the_later_ones() -> None:
    """Facts after the end of a session in the same report are of no account."""
    given(TRIGGER, report(ENDED, TEXT, ASKED)).says("task.completed", "session.completed", "status", "complete")
    assert given(TRIGGER, c.Stop(), report(f.AgentStopped(), TEXT)).last.events[-1].topic == "complete"


def test_a_permission_settled_without_us_is_recorded_as_what_it_was() -> None:
    """An answer that reached the agent by another way is on record as it was, and not as a refusal of ours."""
    settled = f.PermissionSettled(session_id=SESSION, agent_permission_id=AGENT_PERMISSION, reply="once")
    story = given(TRIGGER, report(OPENED, ASKED)).when(report(settled))
    story.then(e.PermissionReplied(permission_id=PERMISSION, reply="once", decided_by="agent", **IDS))
    story.when(report(settled)).then()


def test_an_agent_that_takes_no_answer_is_ended() -> None:
    """An answer that the agent could not be given fails its run with the reason, and the agent is ended."""
    story = given(TRIGGER, report(OPENED, ASKED), c.ReplyPermission(permission_id=PERMISSION, reply="once"))
    story = story.when(report(ANSWER_FAILED)).says(
        "error", "permission.replied", "task.failed", "session.failed", "status", "complete"
    )
    assert story.last.effects == (x.StopAgent(),)
    error = story.last.events[0]
    assert isinstance(error, e.Error) and (error.error, error.code) == ("no answer", "ANSWER_NOT_TAKEN")
