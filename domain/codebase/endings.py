"""How a session ends or pauses: the events that leave nothing open behind it."""

from typing import Final, Literal, TypeAlias

from .. import events as e
from ..failure import Failure
from ..ids import PermissionId, Timestamp
from .backoff import notice
from .decision import Decision
from .effects import StopAgent
from .lifecycle_rules import Phase, public_status
from .state import Session, State

STOPPED = frozenset({Phase.STOPPING, Phase.DELETING})
"""Phases in which the caller of a stop still waits."""

Unasked: TypeAlias = Literal["server_stopped", "server_restarted", "agent_crashed"]
"""The reasons of interruptions that nobody asked for."""

WHY: Final[dict[Unasked, Failure]] = {
    "server_stopped": Failure(code="SERVER_STOPPED", error="The server was stopped while the agent was running."),
    "server_restarted": Failure(
        code="SERVER_RESTARTED",
        error="The server ended unexpectedly while the agent was running; "
        "files that it changed last may not be on record.",
    ),
    "agent_crashed": Failure(code="AGENT_CRASHED", error="The agent's process ended unexpectedly."),
}
"""What is recorded of every interruption that nobody asked for."""

UNCONFIRMED = "An answer was on its way; the agent did not say that it had taken it."
"""What is recorded of a question that was still being answered when its run ended."""


def refused_permissions(session: Session, at: Timestamp) -> tuple[e.Event, ...]:
    """Refuse what the agent still asks for: it must execute nothing after it was ordered to abort.

    A question that is being answered stays open: the agent may have taken that answer already, and reports so before
    it has aborted.
    """
    return tuple(_refused(session, asked, at) for asked in session.permissions if asked not in session.answering)


def _refused(session: Session, asked: PermissionId, at: Timestamp) -> e.PermissionReplied:
    message = UNCONFIRMED if asked in session.answering else None
    return e.PermissionReplied(
        permission_id=asked, reply="reject", decided_by="interrupt", message=message, **session.ids(at)
    )


def loose_ends(session: Session, at: Timestamp, why: str) -> tuple[e.Event, ...]:
    """Close every tool call without a result and every question without an answer."""
    results = tuple(
        e.ToolResult(tool=tool, call_id=call, status="error", output=why, **session.ids(at))
        for call, tool in session.open_tools.items()
    )
    return (*results, *(_refused(session, asked, at) for asked in session.permissions))


def interrupted(
    state: State, at: Timestamp, reason: e.InterruptReason, why: Failure | None = None
) -> tuple[e.Event, ...]:
    """The agent has aborted. Session and task stay, and a message resumes them. `why`: None where a person asked for it."""
    session = state.session
    if session is None:
        return ()
    error, code = (why.error, why.code) if why else (None, None)
    paused = e.TaskInterrupted(reason=reason, error=error, code=code, **session.ids(at))
    return (
        *loose_ends(session, at, "Interrupted."),
        *((paused,) if session.task_open else ()),
        e.SessionInterrupted(reason=reason, **session.ids(at)),
        e.Status(status=public_status(Phase.INTERRUPTED), message="Agent interrupted", **session.ids(at)),
    )


def cut_short(state: State, at: Timestamp, reason: Unasked, why: Failure | None = None) -> tuple[e.Event, ...]:
    """An interruption that nobody asked for: record why, and keep session and task for a message to resume.

    `why`: where more is known than the reason's own sentence.
    """
    session = state.session
    if session is None:
        return ()
    why = why or WHY[reason]
    failed = e.Error(error=why.error, code=why.code, **session.ids(at))
    return (failed, *interrupted(state, at, reason, why))


def crashed(state: State, at: Timestamp, detail: str, code: str | None) -> tuple[e.Event, ...]:
    """The agent's process ended by itself. `code`: where it was ended for a known cause, which `detail` then explains."""
    known = WHY["agent_crashed"]
    why = (
        Failure(code=code, error=detail) if code else Failure(code=known.code, error=f"{known.error} {detail}".strip())
    )
    return cut_short(state, at, "agent_crashed", why)


def stopping(session: Session, phase: Phase, at: Timestamp) -> Decision:
    """Begin to end a session by request. The caller waits until the agent's processes are gone.

    `phase`: the phase until now, which stays the session's public status until then.
    """
    events = (e.SessionStopping(status=public_status(phase), **session.ids(at)), *refused_permissions(session, at))
    return Decision(events, (StopAgent(),), STOPPED)


def stopped(state: State, at: Timestamp, why: str = "Stopped before the agent was done.") -> tuple[e.Event, ...]:
    """The session ended by request."""
    session = state.session
    if session is None:
        return ()
    cancelled = (e.TaskCancelled(**session.ids(at)),) if session.task_open else ()
    return (
        *loose_ends(session, at, "Stopped."),
        *cancelled,
        e.SessionStopped(**session.ids(at)),
        e.Status(status="idle", message="Agent stopped", **session.ids(at)),
        e.Complete(status="stopped", summary=why, **session.ids(at)),
    )


def stopped_by_request(state: State, at: Timestamp) -> Decision:
    """The agent's processes are gone: the session ends in the name of the request to stop it."""
    return Decision(stopped(state, at)).asked_by(state.session.halt if state.session else e.NOBODY)


def deleted_by_request(state: State, at: Timestamp) -> Decision:
    """The agent is gone: the codebase is hidden in the name of the request to delete it."""
    return Decision(deleted(state, at)).asked_by(state.deletion)


def replaced(state: State, at: Timestamp) -> tuple[e.Event, ...]:
    """A new trigger ends the interrupted session before it: only the current one can be resumed."""
    return stopped(state, at, "A new session took this one's place.")


def deleted(state: State, at: Timestamp) -> tuple[e.Event, ...]:
    """The agent is gone; the codebase is hidden from now on."""
    if state.codebase is None:
        return ()
    gone = e.CodebaseDeleted(codebase_id=state.codebase.codebase_id, timestamp=at)
    dropped = (e.TaskCancelled(task_id=task.task_id, timestamp=at) for task in state.queue)
    return (*stopped(state, at), *dropped, gone)


CUT_OFF: Final[dict[str | None, str]] = {
    None: "Agent finished",
    "length": "Agent finished; the model's limit of length cut its last answer off",
    "content-filter": "Agent finished; the provider's filter cut its last answer off",
}
"""How a run ended, by why the model ended its last answer."""


def completed(session: Session, at: Timestamp, summary: str, finish: str | None = None) -> tuple[e.Event, ...]:
    """The agent finished its work. `finish`: why its last answer is truncated, where it is."""
    done = (e.TaskCompleted(result=summary, **session.ids(at)),) if session.task_open else ()
    return (
        *loose_ends(session, at, "The agent finished without a result."),
        *done,
        e.SessionCompleted(finish=finish, **session.ids(at)),
        e.Status(status="idle", message=CUT_OFF[finish], **session.ids(at)),
        e.Complete(status="completed", summary=summary, finish=finish, **session.ids(at)),
    )


def failed(session: Session, at: Timestamp, why: Failure, before: int) -> tuple[e.Event, ...]:
    """The agent could not finish. `before`: the number of sessions that failed in a row before this one."""
    error, code = why.error, why.code
    task = (e.TaskFailed(error=error, code=code, **session.ids(at)),) if session.task_open else ()
    return (
        e.Error(error=error, code=code, **session.ids(at)),
        *loose_ends(session, at, "The agent failed."),
        *task,
        e.SessionFailed(**session.ids(at)),
        e.Status(status="idle", message=notice(before + 1), **session.ids(at)),
        e.Complete(status="failed", summary=error, **session.ids(at)),
    )
