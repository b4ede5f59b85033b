"""What the agent asks of people: who may answer it, with what, and how the agent hears of it."""

from dataclasses import replace
from typing import Literal

import pytest
from tests.domain.given import AT, FIRST, IDS, PERMISSION, REGISTER, SESSION, SETTLED, TRIGGER, Story, given, report

from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase import effects as x
from opencode_ledger.domain.codebase import facts as f
from opencode_ledger.domain.codebase.decide import decide
from opencode_ledger.domain.codebase.decision import fold
from opencode_ledger.domain.errors import InvalidInput, PermissionAnswered, PermissionExpired
from opencode_ledger.domain.events import Reply
from opencode_ledger.domain.failure import Failure
from opencode_ledger.domain.ids import AgentPermissionId, Timestamp

QUESTION = AgentPermissionId("que_1")
OPTIONS: list[e.Json] = [{"label": "sqlite", "description": "a file"}, {"label": "postgres", "description": "a server"}]
ANY: e.Json = {"question": "Which one?", "header": "One", "options": OPTIONS}
SEVERAL: e.Json = {"question": "Which ones?", "header": "Several", "options": OPTIONS, "multiple": True}
LISTED: e.Json = {"question": "Which of these?", "header": "Listed", "options": OPTIONS, "custom": False}
LEAVE = f.PermissionRequested(
    session_id=SESSION, agent_permission_id=AgentPermissionId("per_1"), tool="bash", args={"command": "ls"}
)


def asking(*questions: e.Json) -> f.PermissionRequested:
    """The agent asks these questions at once."""
    return f.PermissionRequested(
        session_id=SESSION,
        agent_permission_id=QUESTION,
        kind="question",
        tool="question",
        args={"questions": list(questions)},
    )


def answer(*answers: tuple[str, ...]) -> c.ReplyPermission:
    """A user's answers."""
    return c.ReplyPermission(permission_id=PERMISSION, reply="once", answers=answers)


def handed(answers: e.Answers | None) -> tuple[x.Effect, ...]:
    """What the agent hears."""
    return (x.AnswerQuestion(session_id=SESSION, agent_permission_id=QUESTION, answers=answers),)


def test_what_is_asked_says_until_when_it_waits() -> None:
    """What is asked is recorded with its kind, and with the moment at which it is refused if nobody answers."""
    story = given(TRIGGER, c.Report((LEAVE,), 90.5))
    asked = story.last.events[0]
    assert isinstance(asked, e.PermissionAsked)
    assert (asked.kind, asked.timestamp, asked.expires_at) == ("permission", AT, "2025-12-10T15:31:30.500Z")


def test_what_was_answered_is_not_asked_again() -> None:
    """An agent that repeats an answered question asks nothing: it is asked and answered once."""
    reply = c.ReplyPermission(permission_id=PERMISSION, reply="once")
    story = given(TRIGGER, report(LEAVE), reply, report(SETTLED), report(LEAVE))
    assert (story.last.events, story.last.effects) == ((), ())


@pytest.mark.parametrize(("at", "in_time"), [("2025-12-10T15:31:30.499Z", True), ("2025-12-10T15:31:30.500Z", False)])
def test_who_answers_after_its_time_is_too_late(at: str, in_time: bool) -> None:
    """A person's answer counts before the moment that was announced; from then on it is the timeout's rejection."""
    story = given(TRIGGER, c.Report((LEAVE,), 90.5))
    decision = decide(story.state, c.ReplyPermission(permission_id=PERMISSION, reply="always"), Timestamp(at))
    (replied,) = decision.events
    assert isinstance(replied, e.PermissionAnswering)
    assert (replied.reply, replied.decided_by) == (("always", "user") if in_time else ("reject", "timeout"))
    (sent,) = decision.effects
    assert isinstance(sent, x.AnswerPermission) and sent.reply == replied.reply
    assert type(decision.refusal) is (type(None) if in_time else PermissionExpired)


def test_a_question_waits_like_a_permission() -> None:
    """A question is an event of the same family, of the kind `question`, with its options in the arguments."""
    story = given(TRIGGER, report(asking(ANY))).says("permission.asked")
    asked = story.last.events[0]
    assert isinstance(asked, e.PermissionAsked)
    assert (asked.permission_id, asked.kind, asked.args) == (PERMISSION, "question", {"questions": [ANY]})
    assert story.last.effects == (x.LimitPermission(permission_id=PERMISSION),)


def test_answers_are_recorded_and_handed_over() -> None:
    """Answers that fit are recorded as the user's, and the agent is given the same."""
    story = given(TRIGGER, report(asking(ANY, SEVERAL, LISTED)))
    given_answers = (("my own words",), ("sqlite", "postgres"), ())
    story = story.when(answer(*given_answers)).then(
        e.PermissionAnswering(permission_id=PERMISSION, reply="once", decided_by="user", answers=given_answers, **IDS)
    )
    assert story.last.effects == handed(given_answers)
    taken = f.PermissionSettled(
        session_id=SESSION, agent_permission_id=QUESTION, reply="once", answers=given_answers, ours=True
    )
    story.when(report(taken)).then(
        e.PermissionReplied(permission_id=PERMISSION, reply="once", decided_by="user", answers=given_answers, **IDS)
    )


MISFITS: dict[str, tuple[tuple[e.Json, ...], c.ReplyPermission, str]] = {
    "no answers": ((ANY,), c.ReplyPermission(permission_id=PERMISSION, reply="once"), "one list for each question, 1"),
    "too few": ((ANY, ANY), answer(("a",)), "one list for each question, 2"),
    "too many": ((ANY,), answer(("a",), ("b",)), "one list for each question, 1"),
    "none at all": ((ANY, ANY), answer((), ()), "at least one question"),
    "two for one": ((SEVERAL, ANY), answer(("a",), ("a", "b")), "`answers.1` must have only one answer"),
    "not an option": ((LISTED,), answer(("mysql",)), "`answers.0` must be one of sqlite, postgres"),
    "always": ((ANY,), replace(answer(("a",)), reply="always"), "`always` is not allowed"),
    "a rejection with answers": ((ANY,), replace(answer(("a",)), reply="reject"), "not allowed with `reject`"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_answers_that_do_not_fit_are_refused(case: str) -> None:
    """Answers that the questions don't take are invalid input, and the question waits on."""
    questions, reply, sentence = MISFITS[case]
    story = given(TRIGGER, report(asking(*questions)))
    with pytest.raises(InvalidInput, match=sentence):
        decide(story.state, reply, AT)


def test_leave_takes_no_answers() -> None:
    """Answers to what is no question are invalid input."""
    given(TRIGGER, report(LEAVE)).refuses(answer(("yes",)), InvalidInput)


def test_a_rejected_question_ends_the_run_unless_there_is_a_reason() -> None:
    """A rejection is handed over as one; with a reason, the reason takes the answers' place and the agent goes on."""
    story = given(TRIGGER, report(asking(ANY, ANY)))
    reject = c.ReplyPermission(permission_id=PERMISSION, reply="reject")
    assert story.when(reject).last.effects == handed(None)
    reasoned = story.when(replace(reject, message="You choose."))
    assert reasoned.last.effects == handed((("(Not answered.) You choose.",),) * 2)
    replied = reasoned.last.events[0]
    assert isinstance(replied, e.PermissionAnswering)
    assert (replied.reply, replied.message, replied.answers) == ("reject", "You choose.", None)


def test_auto_approval_answers_no_question() -> None:
    """With auto_approve a question is rejected at once with a reason, so that the agent goes on alone; recorded so."""
    story = Story().when(replace(REGISTER, agent_config={"auto_approve": True})).when(TRIGGER)
    story = story.when(report(asking(ANY))).says("permission.asked", "permission.answering")
    replied = story.last.events[1]
    assert isinstance(replied, e.PermissionAnswering)
    assert (replied.reply, replied.decided_by) == ("reject", "auto_approve")
    assert replied.message and handed(((f"(Not answered.) {replied.message}",),)) == story.last.effects


def test_a_question_answered_elsewhere_is_recorded_with_its_answers() -> None:
    """An answer that the agent had from elsewhere is recorded as that."""
    settled = f.PermissionSettled(
        session_id=SESSION, agent_permission_id=QUESTION, reply="once", answers=(("sqlite",),)
    )
    given(TRIGGER, report(asking(ANY)), report(settled)).then(
        e.PermissionReplied(permission_id=PERMISSION, reply="once", decided_by="agent", answers=(("sqlite",),), **IDS)
    )


# --- what the agent settles, whatever was wished ------------------------------------------------------------------

REPLIES: tuple[Reply, ...] = ("once", "always", "reject")


def settled(reply: Reply, *, ours: bool) -> c.Report:
    """The agent says that it was settled so."""
    return report(replace(SETTLED, reply=reply, ours=ours))


@pytest.mark.parametrize(
    ("wished", "took", "ours"),
    [*((one, one, True) for one in REPLIES), *((one, other, False) for one in REPLIES for other in REPLIES)],
)
def test_what_the_agent_settled_is_what_the_record_says(wished: Reply, took: Reply, ours: bool) -> None:
    """The wish counts once the agent took it, with its words and its request; else what the agent says it settled itself."""
    wish = c.ReplyPermission(permission_id=PERMISSION, reply=wished, message="words")
    story = given(TRIGGER, report(LEAVE), wish)
    story = story.when(settled(took, ours=ours))
    (replied,) = story.last.events
    assert isinstance(replied, e.PermissionReplied)
    expected = (wished, "user", "words") if ours else (took, "agent", None)
    assert (replied.reply, replied.decided_by, replied.message) == expected
    assert story.last.effects == ()
    assert story.state.session and (story.state.session.permissions, story.state.session.answering) == ({}, {})
    assert story.when(settled(took, ours=ours)).last.events == ()


@pytest.mark.parametrize("decided_by", ["user", "timeout"])
def test_while_an_answer_is_given_no_other_is(decided_by: Literal["user", "timeout"]) -> None:
    """Until it is known what became of an answer another to the same is refused, and the limit of time changes nothing."""
    story = given(TRIGGER, report(LEAVE), c.ReplyPermission(permission_id=PERMISSION, reply="once"))
    story.refuses(
        c.ReplyPermission(permission_id=PERMISSION, reply="reject", decided_by=decided_by), PermissionAnswered
    )


HALTS: dict[str, c.Command] = {"interrupt": c.Interrupt(), "stop": c.Stop(), "shutdown": c.Shutdown()}


@pytest.mark.parametrize("halt", HALTS)
def test_a_halt_leaves_open_what_is_being_answered(halt: str) -> None:
    """A halt refuses what waits; what is being answered is settled by what the agent says, and last by its end."""
    other = replace(LEAVE, agent_permission_id=AgentPermissionId("per_2"))
    wish = c.ReplyPermission(permission_id=PERMISSION, reply="once")
    story = given(TRIGGER, report(LEAVE, other), wish, HALTS[halt])
    refused = [event for event in story.last.events if isinstance(event, e.PermissionReplied)]
    assert [(event.permission_id, event.decided_by) for event in refused] == [("perm_2", "interrupt")]
    (taken,) = story.when(settled("once", ours=True)).last.events
    assert isinstance(taken, e.PermissionReplied) and (taken.reply, taken.decided_by) == ("once", "user")
    (withdrawn,) = story.when(settled("reject", ours=False)).last.events
    assert isinstance(withdrawn, e.PermissionReplied) and withdrawn.decided_by == "interrupt"


@pytest.mark.parametrize("end", [c.Recover(), report(f.AgentDied(reason="killed"))])
def test_of_an_answer_on_its_way_at_a_crash_it_is_said(end: c.Command) -> None:
    """A crash before the agent took an answer closes what was asked, and says that it isn't known whether it was taken."""
    wish = c.ReplyPermission(permission_id=PERMISSION, reply="once")
    story = given(TRIGGER, report(LEAVE), wish, end)
    (replied,) = [event for event in story.last.events if isinstance(event, e.PermissionReplied)]
    assert (replied.reply, replied.decided_by) == ("reject", "interrupt")
    assert replied.message == "An answer was on its way; the agent did not say that it had taken it."


def test_a_log_without_wishes_keeps_its_meaning() -> None:
    """What was recorded as replied before there were wishes is settled, and nothing of it waits."""
    story = given(TRIGGER, report(LEAVE))
    old = e.PermissionReplied(permission_id=PERMISSION, reply="once", decided_by="user", **IDS)
    session = fold(story.state, (old,)).session
    assert session and not session.permissions and not session.answering
    assert session.settled == {PERMISSION}


def test_what_follows_from_a_timeout_is_a_timeouts_end() -> None:
    """A refusal by the limit of time makes the agent refuse the rest; the run's end still says that nobody answered."""
    other = replace(LEAVE, agent_permission_id=AgentPermissionId("per_2"))
    late = c.ReplyPermission(permission_id=PERMISSION, reply="reject", decided_by="timeout")
    rest = f.PermissionSettled(session_id=SESSION, agent_permission_id=AgentPermissionId("per_2"), reply="reject")
    ended = f.RunEnded(session_id=SESSION, answers=FIRST, failure=Failure(code="PERMISSION_REJECTED", error="refused"))
    story = given(TRIGGER, report(LEAVE, other), late, settled("reject", ours=True), report(rest), report(ended))
    error = story.last.events[0]
    assert isinstance(error, e.Error) and "nobody answered in time" in error.error
