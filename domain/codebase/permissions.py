"""What the agent asks of people: leave to use a tool, or an answer to a question of its own.

Each is asked once and answered once, by whoever comes first: a user, auto_approve, the limit of time, or the end
of the run. What was answered is in the log before the agent hears it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from .. import events as e
from ..errors import (
    CodebaseNotFound,
    InvalidInput,
    PermissionExpired,
    PermissionNotFound,
)
from ..ids import PermissionId, Timestamp
from ..untrusted_json import Fields, fields, items, text
from . import endings
from . import facts as f
from .commands import ReplyPermission
from .decision import NOTHING, Decision, fold
from .effects import AnswerPermission, AnswerQuestion, Effect, LimitPermission
from .lifecycle import Phase
from .state import Session, State

NOBODY_THERE = "Nobody is there to answer; decide for yourself."
"""What an agent with auto_approve hears when it asks a question: leave can be given without thinking, words can't."""

UNANSWERED = "Nobody answered in time."
"""What is on record of a refusal by the limit of time; the agent is not told, or it would go on."""


def requested(fact: f.PermissionRequested, state: State, session: Session, at: Timestamp, limit: float) -> Decision:
    """The agent asks, and is refused unless it is answered within `limit` seconds."""
    name = fact.agent_permission_id.removeprefix("per_").removeprefix("que_")
    permission_id = PermissionId(f"perm_{name}")
    if permission_id in session.permissions or permission_id in session.settled:
        return NOTHING  # an agent that tells of it again isn't asking again
    asked = e.PermissionAsked(
        permission_id=permission_id,
        kind=fact.kind,
        tool=fact.tool,
        args=fact.args,
        patterns=fact.patterns,
        call_id=fact.call_id,
        agent_permission_id=fact.agent_permission_id,
        subagent=fact.subagent,
        **endings.ids(session, at),
    )
    if state.phase is not Phase.RUNNING:
        # The agent was already told to let go, and refuses by itself whatever it still asks.
        return Decision((asked, *endings.refused_permissions(fold(state, (asked,)).session or session, at)))
    if not state.auto_approve:
        waiting = replace(asked, expires_at=_later(at, limit))
        return Decision((waiting,), (LimitPermission(permission_id=permission_id),))
    words = NOBODY_THERE if fact.kind == "question" else None
    reply = ReplyPermission(
        permission_id=permission_id, reply="reject" if words else "once", decided_by="auto_approve", message=words
    )
    return Decision((asked, _replied(reply, session, at)), (_answer(asked, reply, session),))


def settled(fact: f.PermissionSettled, session: Session, at: Timestamp) -> Decision:
    """The agent reports an answer. Ours are on record before it hears them: what is still open was settled without us."""
    known = (asked for asked in session.permissions.values() if asked.agent_permission_id == fact.agent_permission_id)
    replies = (
        ReplyPermission(permission_id=asked.permission_id, reply=fact.reply, decided_by="agent", answers=fact.answers)
        for asked in known
    )
    return Decision(tuple(_replied(reply, session, at) for reply in replies))


def replied(reply: ReplyPermission, state: State, at: Timestamp) -> Decision:
    """Somebody answers. Raises `PermissionNotFound` if it doesn't wait, `InvalidInput` for answers that don't fit.

    A person who answers once its time is over gets `PermissionExpired`, and the rejection is recorded that the timer
    would have brought: a timer stands still while the machine sleeps, and waits behind what the agent has to say.
    """
    if state.phase in (Phase.VOID, Phase.DELETED):
        raise CodebaseNotFound
    session = state.session
    if session is None or reply.permission_id not in session.permissions:
        raise PermissionNotFound
    asked = session.permissions[reply.permission_id]
    _check_fit(asked, reply)
    late = reply.decided_by == "user" and asked.expires_at is not None and at >= asked.expires_at
    if late:
        reply = ReplyPermission(permission_id=reply.permission_id, reply="reject", decided_by="timeout")
    refusal = PermissionExpired(f"Nobody answered in time: this was rejected at {at}.") if late else None
    return Decision((_replied(reply, session, at),), (_answer(asked, reply, session),), refusal=refusal)


def _replied(reply: ReplyPermission, session: Session, at: Timestamp) -> e.PermissionReplied:
    return e.PermissionReplied(
        permission_id=reply.permission_id,
        reply=reply.reply,
        decided_by=reply.decided_by,
        message=UNANSWERED if reply.decided_by == "timeout" else reply.message,
        answers=reply.answers,
        **endings.ids(session, at),
    )


def _answer(asked: e.PermissionAsked, reply: ReplyPermission, session: Session) -> Effect:
    """How the agent hears of a reply.

    opencode ends a run whose question is rejected, and takes no reason: so a rejection that has one is handed over
    in the place of the answers, and the agent goes on, just as it does when leave is refused with a reason.
    """
    if asked.kind != "question":
        return AnswerPermission(
            session_id=session.id,
            agent_permission_id=asked.agent_permission_id,
            reply=reply.reply,
            message=reply.message,
        )
    answers = reply.answers
    if reply.reply == "reject" and reply.message:
        answers = tuple((f"(Not answered.) {reply.message}",) for _ in _questions(asked))
    return AnswerQuestion(session_id=session.id, agent_permission_id=asked.agent_permission_id, answers=answers or None)


# --- answers must fit the questions -----------------------------------------------------------------------------


def _questions(asked: e.PermissionAsked) -> list[Fields]:
    return [fields(question) for question in items(asked.args.get("questions"))]


def _check_fit(asked: e.PermissionAsked, reply: ReplyPermission) -> None:
    if asked.kind != "question":
        if reply.answers is not None:
            raise InvalidInput("answers: The agent asks for leave to use a tool here; only its questions take answers.")
    elif reply.reply == "always":
        raise InvalidInput("reply: A question is answered with once and answers, or rejected; it takes no always.")
    elif reply.reply == "reject" and reply.answers is not None:
        raise InvalidInput("answers: Who rejects a question gives no answers to it.")
    elif reply.reply == "once":
        _check_answers(_questions(asked), reply.answers or ())


def _check_answers(questions: list[Fields], answers: e.Answers) -> None:
    if len(answers) != len(questions):
        raise InvalidInput(f"answers: There must be a list for each question, {len(questions)} in all.")
    if not any(answers):
        raise InvalidInput("answers: At least one question must be answered; to answer none, reject.")
    for number, (question, chosen) in enumerate(zip(questions, answers, strict=True)):
        labels = [text(fields(option).get("label")) for option in items(question.get("options"))]
        if len(chosen) > 1 and question.get("multiple") is not True:
            raise InvalidInput(f"answers.{number}: This question takes one answer only.")
        if question.get("custom") is False and not set(chosen) <= set(labels):
            raise InvalidInput(f"answers.{number}: This question takes no other answer than {', '.join(labels)}.")


def _later(at: Timestamp, seconds: float) -> Timestamp:
    moment = datetime.fromisoformat(at) + timedelta(seconds=seconds)
    return Timestamp(moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
