"""What commands do to a codebase's tasks: they queue one, change one, cancel one, start the next, or hold it back.

Which task is next is decided in `queue`. Only an idle agent takes from the queue: while a session
is interrupted, the queue waits, since somebody may resume that session.
"""

from .. import events as e
from ..errors import TaskEnded, TaskNotQueued
from ..ids import MessageId, SessionId, TaskId, Timestamp
from . import commands as c
from . import endings
from .decision import NOTHING, Decision, fold
from .hindrance import Hindrance
from .lifecycle_rules import Phase, check_present, public_status
from .queue.places import moved_to
from .state import State


def create(state: State, command: c.CreateTask, at: Timestamp) -> Decision:
    """Queue a task. Allowed in every phase of an existing codebase."""
    check_present(state.phase)
    created = e.TaskCreated(
        task_id=command.task_id,
        title=command.title,
        prompt=command.prompt,
        agent_type=command.agent,
        model=command.model or state.agent_config.default_model,
        priority=command.priority,
        files=command.files,
        metadata=command.metadata,
        retry_of=command.retry_of,
        timestamp=at,
    )
    return Decision((created,))


def change(state: State, command: c.ChangeTask, at: Timestamp) -> Decision:
    """Change a waiting task, and record what is different then. Raises `TaskNotQueued` or `PlaceNotPossible`."""
    check_present(state.phase)
    task = state.queue.get(command.task_id)
    if task is None:
        raise TaskNotQueued
    changed = e.TaskChanged(
        task_id=command.task_id,
        title=command.title if command.title != task.title else None,
        prompt=command.prompt if command.prompt != task.prompt else None,
        timestamp=at,
    )
    unchanged = changed == e.TaskChanged(task_id=command.task_id, timestamp=at)
    moved = moved_to(state.queue, command)
    events = () if unchanged else (changed,)
    if moved is None:
        return Decision(events)
    place = e.TaskMoved(task_id=command.task_id, priority=moved.priority, before=moved.before, timestamp=at)
    return Decision((*events, place))


def cancel(state: State, command: c.CancelTask, at: Timestamp) -> Decision:
    """Remove a task from the queue, or stop the session that works on it. Raises `TaskEnded`."""
    check_present(state.phase)
    if state.queue.get(command.task_id):
        return Decision((e.TaskCancelled(task_id=command.task_id, timestamp=at),))
    session = state.session
    if session is None or session.task_id != command.task_id or not session.task_open:
        raise TaskEnded
    if state.phase is Phase.STOPPING:
        return Decision(unanswered_while=endings.STOPPED)
    return endings.stopping(session, state.phase, at)


def start_next(state: State, at: Timestamp) -> Decision:
    """Start the next task if the agent is idle and one waits, on behalf of the request that queued it."""
    task = state.queue.first
    if state.phase is not Phase.IDLE or task is None:
        return NOTHING
    ids = e.Common(session_id=session_of(task.task_id), task_id=task.task_id, timestamp=at)
    started = e.SessionStarted(
        prompt=task.prompt,
        agent=task.agent_type,
        model=task.model,
        files=task.files,
        metadata=task.metadata,
        **ids,
    )
    sent = e.MessageSent(
        message_id=_message_of(task.task_id), content=task.prompt, agent=task.agent_type, model=task.model, **ids
    )
    status = e.Status(status=public_status(Phase.RUNNING), message="Agent started", **ids)
    session = fold(state, (started,)).session
    effects = session.prompts(sent) if session else ()
    return Decision((started, e.TaskStarted(**ids), sent, status), effects).asked_by(task.cause)


def hold(state: State, hindrance: Hindrance, at: Timestamp) -> Decision:
    """Record why the next task can't start yet, once for each reason, on behalf of the request that queued it."""
    if not state.wants_slot:
        return NOTHING
    held = e.TaskHeld(
        task_id=state.turn,
        session_id=state.session.id if state.session else None,
        code=hindrance.code,
        message=hindrance.message,
        timestamp=at,
    )
    before = state.held
    if before and (before.task_id, before.code, before.message) == (held.task_id, held.code, held.message):
        return NOTHING
    asked = state.session or state.queue.first
    return Decision((held,)).asked_by(asked.cause if asked else e.NOBODY)


def session_of(task: TaskId | None) -> SessionId:
    """The id of a queued task's session is made from the task's id: so a replay needs no source of ids."""
    return SessionId(f"sess_{(task or '').removeprefix('task_')}")


def _message_of(task: TaskId | None) -> MessageId:
    return MessageId(f"msg_{(task or '').removeprefix('task_')}")
