"""What the agent asks of people: permission to use a tool, or an answer to its own question.

- Each is asked once and settled once: by a user, auto_approve, the time limit, the end of the run, or the agent itself.
- An answer is in the log before the agent gets it, as `PermissionAnswering`. It counts once the agent has taken it:
  `PermissionReplied`.
- Answers are sent one at a time: each waits until the effect of the answer before is known.
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
from .lifecycle_rules import Phase
from .state import Session, State

NOBODY_THERE = "Nobody is there to answer; decide for yourself."
"""The answer to a question of an agent with auto_approve: a permission can be given automatically, an answer can't."""

UNANSWERED = "Nobody answered in time."
"""Recorded of a rejection by the time limit. The agent doesn't get this sentence, or it would go on."""


BEING_ANSWERED = "Another answer to this is already on its way to the agent."


def requested(state: State, session: Session, fact: f.PermissionRequested, at: Timestamp, limit: float) -> Decision:
    """The agent asks; without an answer within `limit` seconds, that is rejected."""
    name = fact.agent_permission_id.removeprefix("per_").removeprefix("que_")
    permission_id = PermissionId(f"perm_{name}")
    if permission_id in session.permissions or permission_id in session.settled:
        return NOTHING  # the agent repeats what it asked already
    asked = e.PermissionAsked(
        permission_id=permission_id,
        kind=fact.kind,
        tool=fact.tool,
        args=fact.args,
        patterns=fact.patterns,
        always=fact.always or None,
        call_id=fact.call_id,
        agent_permission_id=fact.agent_permission_id,
        subagent=fact.subagent,
        **session.ids(at),
    )
    if state.phase is not Phase.RUNNING:
        # The agent is already aborting, and rejects by itself whatever it still asks.
        return Decision((asked, *endings.refused_permissions(fold(state, (asked,)).session or session, at)))
    if not state.agent_config.auto_approve:
        waiting = replace(asked, expires_at=later(at, limit))
        return Decision((waiting,), (LimitPermission(permission_id=permission_id),))
    words = NOBODY_THERE if fact.kind == "question" else None
    reply = ReplyPermission(
        permission_id=permission_id, reply="reject" if words else "once", decided_by="auto_approve", message=words
    )
    return Decision((asked, _answering(session, reply, at)), (_answer(session, asked, reply),))


def settled(state: State, session: Session, fact: f.PermissionSettled, at: Timestamp) -> Decision:
    """The agent reports that something is settled: by our answer, or by itself, whatever our answer was."""
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
            **session.ids(at),
        ).caused_by(wish.cause)
    aborts = state.phase is not Phase.RUNNING and fact.reply == "reject"
    return e.PermissionReplied(
        permission_id=permission,
        reply=fact.reply,
        decided_by="interrupt" if aborts else "agent",
        answers=fact.answers,
        **session.ids(at),
    )


def replied(state: State, reply: ReplyPermission, at: Timestamp) -> Decision:
    """A caller answers, and the answer is sent to the agent.

    Raises `PermissionNotFound` if the agent doesn't wait for it, `InvalidInput` for answers that don't fit, and
    `PermissionAnswered` while another answer is on its way to the agent.

    A person who answers after the time limit gets `PermissionExpired`, and the rejection by the limit is recorded: the
    timer itself may be late, since it stops while the machine sleeps and waits for the agent's reports.
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
    refusal = PermissionExpired(f"Nobody answered until {asked.expires_at}, so this was rejected.") if late else None
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
    """The effect that sends a reply to the agent.

    opencode ends a run when a question is rejected, and accepts no reason for that. So a rejection with a reason is sent
    as the answers, and the agent goes on, as it does when a permission is rejected with a reason.
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
