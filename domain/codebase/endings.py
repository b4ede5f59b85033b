"""How a session ends or pauses: the events that leave nothing open behind it."""

from dataclasses import replace

from .. import events as e
from ..ids import PermissionId, Timestamp
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


def task_works(session: Session, at: Timestamp, *, has_slot: bool = True) -> tuple[e.Event, ...]:
    """The task goes where its session goes: it starts with the first run, goes on with a later one, or waits with it."""
    if not session.task_open:
        return ()
    if not has_slot:
        return (e.TaskResumed(status="pending", **ids(session, at)),)
    return (e.TaskResumed(**ids(session, at)) if session.task_started else e.TaskStarted(**ids(session, at)),)


UNCONFIRMED = "An answer was on its way; the agent did not say that it had taken it."
"""What is on record of a question that was still being answered when its run was over."""


def refused_permissions(session: Session, at: Timestamp) -> tuple[e.Event, ...]:
    """Refuse what the agent still asks for: nothing may be executed once it was told to let go.

    Not what it is being answered: it may have taken that already, and says so before it has let go.
    """
    return tuple(_refused(session, asked, at) for asked in session.permissions if asked not in session.answering)


def _refused(session: Session, asked: PermissionId, at: Timestamp) -> e.PermissionReplied:
    message = UNCONFIRMED if asked in session.answering else None
    return e.PermissionReplied(
        permission_id=asked, reply="reject", decided_by="interrupt", message=message, **ids(session, at)
    )


def loose_ends(session: Session, at: Timestamp, why: str) -> tuple[e.Event, ...]:
    """Close every tool call without a result and every question without an answer."""
    results = tuple(
        e.ToolResult(tool=tool, call_id=call, status="error", output=why, **ids(session, at))
        for call, tool in session.open_tools.items()
    )
    return (*results, *(_refused(session, asked, at) for asked in session.permissions))


def interrupted(
    state: State, at: Timestamp, reason: e.InterruptReason, error: str | None = None, code: str | None = None
) -> tuple[e.Event, ...]:
    """The agent let go; the session and its task stay, and a message resumes them. `error`, `code`: why, unless asked for."""
    session = state.session
    if session is None:
        return ()
    paused = e.TaskInterrupted(reason=reason, error=error, code=code, **ids(session, at))
    return (
        *loose_ends(session, at, "Interrupted."),
        *((paused,) if session.task_open else ()),
        e.SessionInterrupted(reason=reason, **ids(session, at)),
        e.Status(status=public_status(Phase.INTERRUPTED), message="Agent interrupted", **ids(session, at)),
    )


def cut_short(
    state: State, at: Timestamp, reason: e.InterruptReason, detail: str = "", known: str | None = None
) -> tuple[e.Event, ...]:
    """An interruption that nobody asked for: say why, and keep session and task for a message to resume.

    `known`: the code for what `detail` tells in full.
    """
    session = state.session
    if session is None:
        return ()
    code, sentence = (known, "") if known else WHY[reason]
    why = f"{sentence} {detail}".strip()
    return (e.Error(error=why, code=code, **ids(session, at)), *interrupted(state, at, reason, why, code))


def stopping(session: Session, phase: Phase, at: Timestamp) -> Decision:
    """Begin to end a session by request; answered when the agent's processes are gone, and what it was until then."""
    events = (e.SessionStopping(status=public_status(phase), **ids(session, at)), *refused_permissions(session, at))
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


CUT_OFF: dict[str | None, str] = {
    None: "Agent finished",
    "length": "Agent finished; the model's limit of length cut its last answer off",
    "content-filter": "Agent finished; the provider's filter cut its last answer off",
}
"""How a run ended, by why the model ended its last answer."""


def completed(session: Session, at: Timestamp, summary: str, finish: str | None = None) -> tuple[e.Event, ...]:
    """The agent finished what it was asked. `finish`: why its last answer was cut off, where it was."""
    done = (e.TaskCompleted(result=summary, **ids(session, at)),) if session.task_open else ()
    return (
        *loose_ends(session, at, "The agent finished without a result."),
        *done,
        e.SessionCompleted(finish=finish, **ids(session, at)),
        e.Status(status="idle", message=CUT_OFF[finish], **ids(session, at)),
        e.Complete(status="completed", summary=summary, finish=finish, **ids(session, at)),
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
