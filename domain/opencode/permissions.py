"""What an agent asks of people (permission to use a tool, or answers), read into facts."""

from collections.abc import Iterator
from typing import Final

from ..codebase.facts import PermissionRequested, PermissionSettled
from ..events import Json, Reply
from ..ids import AgentPermissionId
from ..untrusted_json import Fields, items, json_of, text
from .run import Run
from .streamed_text import Origin

REPLIES: Final[tuple[Reply, ...]] = ("once", "always", "reject")


def settled_permission(run: Run, asked: str, reply: object) -> Iterator[PermissionSettled]:
    """The fact that a permission was approved or rejected; None for an unknown kind of reply."""
    for known in REPLIES:
        if asked and reply == known:
            yield PermissionSettled(
                session_id=run.session_id,
                agent_permission_id=AgentPermissionId(asked),
                reply=known,
                ours=asked in run.given and run.given[asked] == known,
            )


def settled_question(run: Run, asked: str, answers: list[object] | None) -> PermissionSettled:
    """The fact that a question was answered, or (None) rejected."""
    given = None if answers is None else tuple(tuple(map(text, items(answer))) for answer in answers)
    return PermissionSettled(
        session_id=run.session_id,
        agent_permission_id=AgentPermissionId(asked),
        reply="reject" if given is None else "once",
        answers=given,
        ours=asked in run.given and run.given[asked] == given,
    )


def settled_unheard(run: Run, asked: str, *, taken: bool, refused: bool) -> PermissionSettled:
    """The fact that something is no longer asked, although the agent didn't report that.

    `taken`: it took our answer. Otherwise the outcome follows from whether the call was `refused`.
    """
    given = run.given.get(asked)
    rejected = given in ("reject", None) if taken else refused
    return PermissionSettled(
        session_id=run.session_id,
        agent_permission_id=AgentPermissionId(asked),
        reply="reject" if rejected else "once",
        ours=taken or (asked in run.given and (given in ("reject", None)) == rejected),
    )


def asked_permission(origin: Origin, call_id: str | None, asked: Fields, directory: str) -> PermissionRequested:
    """The request as a fact; paths inside the codebase are relative to it."""
    arguments = json_of(asked.get("metadata"))
    return PermissionRequested(
        session_id=origin.session_id,
        subagent=origin.subagent,
        agent_permission_id=AgentPermissionId(text(asked.get("id"))),
        tool=text(asked.get("permission")),
        args={name: _relative(value, directory) for name, value in arguments.items()},
        patterns=tuple(text(pattern) for pattern in items(asked.get("patterns"))),
        always=tuple(text(pattern) for pattern in items(asked.get("always"))),
        call_id=call_id,
    )


def asked_question(origin: Origin, call_id: str | None, asked: Fields) -> PermissionRequested:
    """The questions as a fact: each with its options, and whether it accepts several of them or free text."""
    return PermissionRequested(
        session_id=origin.session_id,
        subagent=origin.subagent,
        agent_permission_id=AgentPermissionId(text(asked.get("id"))),
        kind="question",
        tool="question",
        args={"questions": json_of(asked).get("questions")},
        call_id=call_id,
    )


def _relative(value: Json, directory: str) -> Json:
    return value.removeprefix(f"{directory}/") if isinstance(value, str) else value
