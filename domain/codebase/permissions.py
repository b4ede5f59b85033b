"""What the agent asks of people: leave to use a tool, or an answer to a question of its own.

Each is asked once and settled once: by a user, auto_approve, the limit of time, the end of the run, or by the agent
itself. An answer is in the log before the agent hears it, as a wish (`PermissionAnswering`); it counts once the agent
has taken it (`PermissionReplied`). Answers are given one at a time, each once it is known what the one before settled.
"""

from dataclasses import replace

from .. import events as e
from ..errors import (
    CodebaseNotFound,
    InvalidInput,
    PermissionAnswered,
    PermissionExpired,
    PermissionNotFound,
)
from ..ids import PermissionId, Timestamp
from ..timestamps import later
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


BEING_ANSWERED = "This is being answered already: another answer is on its way to the agent."


def requested(state: State, session: Session, fact: f.PermissionRequested, at: Timestamp, limit: float) -> Decision:
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
        **session.ids(at),
    )
    if state.phase is not Phase.RUNNING:
        # The agent was already told to let go, and refuses by itself whatever it still asks.
        return Decision((asked, *endings.refused_permissions(fold(state, (asked,)).session or session, at)))
    if not state.auto_approve:
        waiting = replace(asked, expires_at=later(at, limit))
        return Decision((waiting,), (LimitPermission(permission_id=permission_id),))
    words = NOBODY_THERE if fact.kind == "question" else None
    reply = ReplyPermission(
        permission_id=permission_id, reply="reject" if words else "once", decided_by="auto_approve", message=words
    )
    return Decision((asked, _answering(session, reply, at)), (_answer(session, asked, reply),))


def settled(state: State, session: Session, fact: f.PermissionSettled, at: Timestamp) -> Decision:
    """The agent reports that something is settled: by the answer that it was given, or by itself, whatever was wished."""
    known = (asked for asked in session.permissions.values() if asked.agent_permission_id == fact.agent_permission_id)
    return Decision(tuple(_settled(state, session, fact, asked.permission_id, at) for asked in known))


def _settled(
    state: State, session: Session, fact: f.PermissionSettled, permission: PermissionId, at: Timestamp
) -> e.PermissionReplied:
    wish = session.answering.get(permission)
    if wish is not None and fact.ours:
        return e.PermissionReplied(
            permission_id=permission,
            reply=wish.reply,
            decided_by=wish.decided_by,
            message=wish.message,
            answers=wish.answers,
            correlation_id=wish.correlation_id,
            **session.ids(at),
        )
    lets_go = state.phase is not Phase.RUNNING and fact.reply == "reject"
    return e.PermissionReplied(
        permission_id=permission,
        reply=fact.reply,
        decided_by="interrupt" if lets_go else "agent",
        answers=fact.answers,
        **session.ids(at),
    )


def replied(state: State, reply: ReplyPermission, at: Timestamp) -> Decision:
    """Somebody answers, and the agent is given that.

    Raises `PermissionNotFound` if it doesn't wait, `InvalidInput` for answers that don't fit, and `PermissionAnswered`
    while the agent is given another answer.

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
    if reply.permission_id in session.answering:
        raise PermissionAnswered(BEING_ANSWERED)
    late = reply.decided_by == "user" and asked.expires_at is not None and at >= asked.expires_at
    if late:
        reply = ReplyPermission(permission_id=reply.permission_id, reply="reject", decided_by="timeout")
    refusal = PermissionExpired(f"Nobody answered until {asked.expires_at}: this is rejected.") if late else None
    wish, effect = _answering(session, reply, at), _answer(session, asked, reply)
    return Decision((wish,), (effect,), refusal=refusal, answer_with=None if late else reply.permission_id)


def _answering(session: Session, reply: ReplyPermission, at: Timestamp) -> e.PermissionAnswering:
    return e.PermissionAnswering(
        permission_id=reply.permission_id,
        reply=reply.reply,
        decided_by=reply.decided_by,
        message=UNANSWERED if reply.decided_by == "timeout" else reply.message,
        answers=reply.answers,
        **session.ids(at),
    )


def _answer(session: Session, asked: e.PermissionAsked, reply: ReplyPermission) -> Effect:
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
            raise InvalidInput("`answers` is not allowed here: the agent asks for permission to use a tool.")
    elif reply.reply == "always":
        raise InvalidInput("`always` is not allowed for a question; reply with once and answers, or with reject.")
    elif reply.reply == "reject" and reply.answers is not None:
        raise InvalidInput("`answers` is not allowed with `reject`.")
    elif reply.reply == "once":
        _check_answers(_questions(asked), reply.answers or ())


def _check_answers(questions: list[Fields], answers: e.Answers) -> None:
    if len(answers) != len(questions):
        raise InvalidInput(f"`answers` must have one list for each question, {len(questions)} in all.")
    if not any(answers):
        raise InvalidInput("`answers` must answer at least one question; to answer none, reject.")
    for number, (question, chosen) in enumerate(zip(questions, answers, strict=True)):
        labels = [text(fields(option).get("label")) for option in items(question.get("options"))]
        if len(chosen) > 1 and question.get("multiple") is not True:
            raise InvalidInput(f"`answers.{number}` must have only one answer.")
        if question.get("custom") is False and not set(chosen) <= set(labels):
            raise InvalidInput(f"`answers.{number}` must be one of {', '.join(labels)}.")
