"""What is recorded, member by member, of each way in which a session ends or pauses."""

from typing import Literal

import pytest
from tests.domain.given import (
    AGENT_SESSION,
    ASKED,
    AT,
    CODEBASE,
    FIRST,
    IDS,
    LATER,
    OPENED,
    PERMISSION,
    REGISTER,
    SECOND,
    SESSION,
    TAKEN,
    TASK,
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
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.backoff import notice
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.failure import Failure
from opencode_ledger.domain.ids import PermissionId, TaskId

AT_WORK = given(TRIGGER, report(OPENED, TAKEN, TOOL_STARTED))


def cut(output: str) -> e.ToolResult:
    return e.ToolResult(tool="bash", call_id="call_1", status="error", output=output, **IDS)


def test_an_interrupt_that_was_asked_for() -> None:
    """An interruption says that it was requested, closes the open tool call and leaves the agent interrupted."""
    AT_WORK.when(c.Interrupt()).when(report(f.AgentAborted())).then(
        cut("Interrupted."),
        e.TaskInterrupted(reason="requested", **IDS),
        e.SessionInterrupted(reason="requested", **IDS),
        e.Status(status="interrupted", message="Agent interrupted", **IDS),
    )
    given(TRIGGER, c.Interrupt(), has_slot=False).then(
        e.TaskInterrupted(reason="requested", **IDS),
        e.SessionInterrupted(reason="requested", **IDS),
        e.Status(status="interrupted", message="Agent interrupted", **IDS),
    )


def test_an_interruption_that_nobody_asked_for() -> None:
    """After a crash of the server the error, the task and the session all name the same reason."""
    why = "The server ended unexpectedly while the agent was running; files that it changed last may not be on record."
    AT_WORK.when(c.Recover()).then(
        e.Error(error=why, code="SERVER_RESTARTED", **IDS),
        cut("Interrupted."),
        e.TaskInterrupted(reason="server_restarted", error=why, code="SERVER_RESTARTED", **IDS),
        e.SessionInterrupted(reason="server_restarted", **IDS),
        e.Status(status="interrupted", message="Agent interrupted", **IDS),
    )


@pytest.mark.parametrize("finish", [None, "length", "content-filter"])
def test_an_answer_that_was_cut_off(finish: Literal["length", "content-filter"] | None) -> None:
    """A run whose last answer was cut off is completed, and its session, status and end say why it isn't whole."""
    ended = f.RunEnded(session_id=SESSION, answers=FIRST, summary="Not all", finish=finish)
    events = given(TRIGGER, report(OPENED, ended)).last.events
    (session,) = (event for event in events if isinstance(event, e.SessionCompleted))
    (status,) = (event for event in events if isinstance(event, e.Status))
    (complete,) = (event for event in events if isinstance(event, e.Complete))
    assert session.finish == complete.finish == finish
    assert ("cut its last answer off" in status.message) is (finish is not None)


@pytest.mark.parametrize(
    ("code", "kind"), [("PERMISSION_REJECTED", "asked for a permission"), ("QUESTION_REJECTED", "its question")]
)
@pytest.mark.parametrize("decider", ["timeout", "user"])
def test_a_run_that_nobody_answered(code: str, kind: str, decider: Literal["timeout", "user"]) -> None:
    """Where the limit of time refused, permission and run say that nobody answered; where a person did, they don't."""
    story = given(TRIGGER, report(OPENED, ASKED))
    reply = c.ReplyPermission(permission_id=PERMISSION, reply="reject", decided_by=decider)
    refused = f.RunEnded(session_id=SESSION, answers=FIRST, failure=Failure(code=code, error="It was refused."))
    taken = f.PermissionSettled(
        session_id=SESSION, agent_permission_id=ASKED.agent_permission_id, reply="reject", ours=True
    )
    settled = story.when(reply).when(report(taken))
    (replied,) = (event for event in settled.last.events if isinstance(event, e.PermissionReplied))
    (error,) = (event for event in settled.when(report(refused)).last.events if isinstance(event, e.Error))
    assert replied.message == ("Nobody answered in time." if decider == "timeout" else None)
    assert error.code == code
    assert ("nobody answered" in error.error and kind in error.error) is (decider == "timeout")


def test_a_session_keeps_the_model_that_it_began_with() -> None:
    """A model that a message names is that message's alone, whatever the agent says that it uses for it."""
    story = given(TRIGGER, report(OPENED, TAKEN))
    other = c.SendMessage(message_id=SECOND, content="x", model="other/model")
    opened = f.SessionOpened(session_id=SESSION, agent_session_id=AGENT_SESSION, model="other/model")
    story = story.when(other).when(report(opened)).then()
    after = story.when(LATER)
    assert [event.model for event in after.last.events if isinstance(event, e.MessageSent)] == ["test/model"]


def test_a_stop() -> None:
    """A stopped session refuses what was asked, closes the tool call, cancels its task and says that it was stopped."""
    story = given(TRIGGER, report(OPENED, TAKEN, TOOL_STARTED, ASKED))
    (asked,) = (event.permission_id for event in story.events if isinstance(event, e.PermissionAsked))
    story = story.when(c.Stop())
    refused = e.PermissionReplied(permission_id=PermissionId(asked), reply="reject", decided_by="interrupt", **IDS)
    story.then(e.SessionStopping(**IDS), refused)
    story.when(report(f.AgentStopped())).then(
        cut("Stopped."),
        e.TaskCancelled(**IDS),
        e.SessionStopped(**IDS),
        e.Status(status="idle", message="Agent stopped", **IDS),
        e.Complete(status="stopped", summary="Stopped before the agent was done.", **IDS),
    )


def test_a_session_that_is_replaced_says_so() -> None:
    """The session that a new trigger ends says that a new one took its place."""
    again = c.Trigger(session_id=SESSION, task_id=TASK, message_id=THIRD, prompt="Another")
    ended = [event for event in standing_at(Phase.INTERRUPTED).when(again).last.events if isinstance(event, e.Complete)]
    assert ended == [e.Complete(status="stopped", summary="A new session took this one's place.", **IDS)]


def test_a_deletion_cancels_what_waits() -> None:
    """A deleted codebase cancels each task of its queue, and is gone after that."""
    waiting = c.CreateTask(task_id=TaskId("task_7"), title="Later", prompt="Later")
    story = given(TRIGGER, waiting, c.Delete())
    events = [*story.events, *story.when(report(f.AgentStopped())).last.events]
    assert e.TaskCancelled(task_id=TaskId("task_7"), timestamp=AT) in events
    assert e.CodebaseDeleted(codebase_id=CODEBASE, timestamp=AT) in events


def test_a_run_that_completed() -> None:
    """A run that ended well closes its open tool call, completes its task, and records the summary in each event."""
    AT_WORK.when(report(f.RunEnded(session_id=SESSION, answers=FIRST, summary="Done."))).then(
        cut("The agent finished without a result."),
        e.TaskCompleted(result="Done.", **IDS),
        e.SessionCompleted(**IDS),
        e.Status(status="idle", message="Agent finished", **IDS),
        e.Complete(status="completed", summary="Done.", **IDS),
    )


def test_a_run_that_failed() -> None:
    """A run that failed closes its open tool call, fails its task, and records the error and its code in each event."""
    story = AT_WORK.when(report(f.RunEnded(session_id=SESSION, answers=FIRST, failure=Failure(code="X", error="No."))))
    story.then(
        e.Error(error="No.", code="X", **IDS),
        cut("The agent failed."),
        e.TaskFailed(error="No.", code="X", **IDS),
        e.SessionFailed(**IDS),
        e.Status(status="idle", message=notice(1), **IDS),
        e.Complete(status="failed", summary="No.", **IDS),
    )


def test_the_worker_is_recorded() -> None:
    """A codebase that a worker registers is recorded with that worker."""
    registered = Story().when(c.Register(codebase_id=CODEBASE, name="a", path="/a", worker_id="w_1")).last.events
    assert [event.worker_id for event in registered if isinstance(event, e.CodebaseRegistered)] == ["w_1"]
    assert REGISTER.worker_id is None


def test_a_message_without_a_model_goes_to_the_session_s_own() -> None:
    """A message takes the model it names, else the one of the session."""
    story = given(c.Trigger(session_id=SESSION, task_id=TASK, message_id=FIRST, prompt="p", model="a/b"))
    for named, used in ((None, "a/b"), ("c/d", "c/d")):
        sent = story.when(c.SendMessage(message_id=THIRD, content="go on", model=named)).last.events[0]
        assert isinstance(sent, e.MessageSent) and sent.model == used


def test_the_server_waits_for_what_is_already_ending() -> None:
    """A shutdown returns once the interrupt, the stop or the deletion under way has ended."""
    for phase in (Phase.INTERRUPTING, Phase.STOPPING, Phase.DELETING):
        assert phase in standing_at(phase).when(c.Shutdown()).last.unanswered_while
