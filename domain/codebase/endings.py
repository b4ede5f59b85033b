"""How a session ends or pauses: the events that leave nothing open behind it."""

from dataclasses import replace

from .. import events as e
from ..ids import Timestamp
from .backoff import notice
from .decision import Decision
from .effects import Prompt, StopAgent
from .lifecycle import Phase, public_status
from .state import Session, State, prompt_of

STOPPED = frozenset({Phase.STOPPING, Phase.DELETING})
"""Phases in which whoever asked for a stop still waits."""

WHY: dict[e.InterruptReason, tuple[str, str]] = {
    "server_stopped": ("SERVER_STOPPED", "The server was stopped while the agent was running."),
    "server_restarted": (
        "SERVER_RESTARTED",
        "The server ended unexpectedly while the agent was running; files that it changed last may not be on record.",
    ),
    "agent_crashed": ("AGENT_CRASHED", "The agent's process ended unexpectedly."),
}
"""Error code and sentence for every interruption that nobody asked for."""


def ids(session: Session, at: Timestamp) -> e.Common:
    """The members that every event of a session shares."""
    return e.Common(session_id=session.id, task_id=session.task_id, timestamp=at)


def prompts(session: Session, sent: e.MessageSent | None) -> tuple[Prompt, ...]:
    """What to hand to the agent: messages held back, then the one just sent."""
    held = tuple(replace(p, agent_session_id=session.agent_session_id) for p in session.unsent)
    return (*held, prompt_of(session, sent)) if sent else held


def task_begun(session: Session, at: Timestamp) -> tuple[e.Event, ...]:
    """The task starts with the first run of its session, and only once."""
    return (e.TaskStarted(**ids(session, at)),) if session.task_open and not session.task_started else ()


def refused_permissions(session: Session, at: Timestamp) -> tuple[e.Event, ...]:
    """Refuse what the agent still asks for: nothing may be executed once it was told to let go."""
    return tuple(
        e.PermissionReplied(permission_id=asked, reply="reject", decided_by="interrupt", **ids(session, at))
        for asked in session.permissions
    )


def loose_ends(session: Session, at: Timestamp, why: str) -> tuple[e.Event, ...]:
    """Close every tool call without a result and every question without an answer."""
    results = tuple(
        e.ToolResult(tool=tool, call_id=call, status="error", output=why, **ids(session, at))
        for call, tool in session.open_tools.items()
    )
    return (*results, *refused_permissions(session, at))


def interrupted(state: State, at: Timestamp, reason: e.InterruptReason) -> tuple[e.Event, ...]:
    """The agent let go; the session stays and a message resumes it."""
    session = state.session
    if session is None:
        return ()
    return (
        *loose_ends(session, at, "Interrupted."),
        e.SessionInterrupted(reason=reason, **ids(session, at)),
        e.Status(status=public_status(Phase.INTERRUPTED), message="Agent interrupted", **ids(session, at)),
    )


def cut_short(
    state: State, at: Timestamp, reason: e.InterruptReason, detail: str = "", known: str | None = None
) -> tuple[e.Event, ...]:
    """An interruption that nobody asked for: say why, fail the task, keep the session for a message to resume.

    `known`: the code for what `detail` tells in full.
    """
    session = state.session
    if session is None:
        return ()
    code, sentence = (known, "") if known else WHY[reason]
    why = f"{sentence} {detail}".strip()
    failed = (e.TaskFailed(error=why, code=code, **ids(session, at)),) if session.task_open else ()
    return (e.Error(error=why, code=code, **ids(session, at)), *failed, *interrupted(state, at, reason))


def stopping(session: Session, at: Timestamp) -> Decision:
    """Begin to end a session by request; answered when the agent's processes are gone."""
    events = (e.SessionStopping(**ids(session, at)), *refused_permissions(session, at))
    return Decision(events, (StopAgent(),), STOPPED)


def stopped(state: State, at: Timestamp, why: str = "Stopped before the agent was done.") -> tuple[e.Event, ...]:
    """The session ended by request."""
    session = state.session
    if session is None:
        return ()
    cancelled = (e.TaskCancelled(**ids(session, at)),) if session.task_open else ()
    return (
        *loose_ends(session, at, "Stopped."),
        *cancelled,
        e.SessionStopped(**ids(session, at)),
        e.Status(status="idle", message="Agent stopped", **ids(session, at)),
        e.Complete(status="stopped", summary=why, **ids(session, at)),
    )


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


def completed(session: Session, at: Timestamp, summary: str) -> tuple[e.Event, ...]:
    """The agent finished what it was asked."""
    done = (e.TaskCompleted(result=summary, **ids(session, at)),) if session.task_open else ()
    return (
        *loose_ends(session, at, "The agent finished without a result."),
        *done,
        e.SessionCompleted(**ids(session, at)),
        e.Status(status="idle", message="Agent finished", **ids(session, at)),
        e.Complete(status="completed", summary=summary, **ids(session, at)),
    )


def failed(session: Session, at: Timestamp, error: str, code: str, before: int) -> tuple[e.Event, ...]:
    """The agent could not finish. `before`: how many sessions had failed in a row before this one."""
    task = (e.TaskFailed(error=error, code=code, **ids(session, at)),) if session.task_open else ()
    return (
        e.Error(error=error, code=code, **ids(session, at)),
        *loose_ends(session, at, "The agent failed."),
        *task,
        e.SessionFailed(**ids(session, at)),
        e.Status(status="idle", message=notice(before + 1), **ids(session, at)),
        e.Complete(status="failed", summary=error, **ids(session, at)),
    )
