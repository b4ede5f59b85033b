"""What a command means for a codebase in a given state. Pure: the time and the free slot are arguments.

A command that is not allowed raises its refusal (see `lifecycle_rules`) and changes nothing.
"""

from collections.abc import Mapping
from typing import Final, Literal, assert_never

from .. import events as e
from ..errors import AlreadyRegistered, CodebaseNotFound
from ..ids import Timestamp
from . import changes, endings, imports, permissions, task_commands
from . import commands as c
from .decision import NOTHING, Decision, fold
from .effects import Abort, StopAgent
from .lifecycle_rules import Phase, check, check_present
from .reports import report
from .state import Session, State, title_of

NO_SLOT: Final = "Waiting for other agents to finish"
WORKING: Final[Mapping[bool, Literal["running", "pending"]]] = {True: "running", False: "pending"}
"""The status of a session that is about to work: with a free slot, and without one."""

SETTLING = frozenset({Phase.INTERRUPTING, Phase.STOPPING, Phase.DELETING})


def decide(state: State, command: c.Command, at: Timestamp, *, has_slot: bool = True) -> Decision:
    """The decision on `command`. `has_slot`: whether one more agent may run now. Raises `LedgerError` to refuse."""
    match command:
        case c.Trigger():
            return _trigger(state, command, at, has_slot=has_slot)
        case c.SendMessage():
            return _send_message(state, command, at, has_slot=has_slot)
        case c.Interrupt():
            return _interrupt(state, at)
        case c.Stop():
            return _stop(state, at)
        case c.Delete():
            return _delete(state, at)
        case c.ReplyPermission():
            return permissions.replied(state, command, at)
        case c.CreateTask() | c.ChangeTask() | c.CancelTask():
            return _on_task(state, command, at)
        case c.Report():
            return report(state, command, at)
        case c.ImportSession():
            return imports.import_session(state, command, at)
        case c.Register() | c.ChangeCodebase() | c.NoteRefusedAccess() | c.Conclude():
            return _on_codebase(state, command, at)
        case _:
            return _on_host(state, command, at)


def _on_codebase(
    state: State, command: c.Register | c.ChangeCodebase | c.NoteRefusedAccess | c.Conclude, at: Timestamp
) -> Decision:
    match command:
        case c.Register():
            return _register(state, command, at)
        case c.ChangeCodebase():
            return changes.change(state, command, at)
        case c.NoteRefusedAccess():
            return _note_refused_access(state, command, at)
        case c.Conclude():
            check_present(state.phase)
            return NOTHING
        case _:
            assert_never(command)


def _on_task(state: State, command: c.CreateTask | c.ChangeTask | c.CancelTask, at: Timestamp) -> Decision:
    match command:
        case c.CreateTask():
            return task_commands.create(state, command, at)
        case c.ChangeTask():
            return task_commands.change(state, command, at)
        case c.CancelTask():
            return task_commands.cancel(state, command, at)
        case _:
            assert_never(command)


def _on_host(
    state: State, command: c.GrantSlot | c.LookAgain | c.Recover | c.Shutdown | c.Retire, at: Timestamp
) -> Decision:
    """Commands that no caller sends: they come from the service itself."""
    match command:
        case c.GrantSlot():
            return _grant_slot(state, command, at)
        case c.LookAgain():
            return NOTHING
        case c.Recover():
            return _recover(state, at)
        case c.Shutdown():
            return _shutdown(state, at)
        case c.Retire():
            return NOTHING if state.occupies_slot else Decision(effects=(StopAgent(),))
        case _:
            assert_never(command)


# --- the codebase -----------------------------------------------------------------------------------------------


def _register(state: State, command: c.Register, at: Timestamp) -> Decision:
    if state.phase is not Phase.VOID:
        raise AlreadyRegistered
    registered = e.CodebaseRegistered(
        codebase_id=command.codebase_id,
        name=command.name,
        path=command.path,
        description=command.description,
        worker_id=command.worker_id,
        agent_config=command.agent_config,
        timestamp=at,
    )
    return Decision((registered,))


def _note_refused_access(state: State, command: c.NoteRefusedAccess, at: Timestamp) -> Decision:
    if state.phase in (Phase.VOID, Phase.DELETED):
        raise CodebaseNotFound
    active = state.session.ids(at) if state.session else e.Common(session_id=None, task_id=None, timestamp=at)
    return Decision((e.AccessRefused(calls=command.calls, times=command.times, program=command.program, **active),))


def _delete(state: State, at: Timestamp) -> Decision:
    check(state.phase, c.Delete)
    until = frozenset({Phase.DELETING})
    if state.phase is Phase.DELETING or state.codebase is None:
        return Decision(unanswered_while=until)
    deleting = e.CodebaseDeleting(codebase_id=state.codebase.codebase_id, timestamp=at)
    refused = endings.refused_permissions(state.session, at) if state.session else ()
    return Decision((deleting, *refused), (StopAgent(),), until)


# --- the session ------------------------------------------------------------------------------------------------


def _trigger(state: State, command: c.Trigger, at: Timestamp, *, has_slot: bool) -> Decision:
    check(state.phase, c.Trigger)
    model = command.model or state.agent_config.default_model
    ids = e.Common(session_id=command.session_id, task_id=command.task_id, timestamp=at)
    started = e.SessionStarted(
        status=WORKING[has_slot],
        prompt=command.prompt,
        agent=command.agent,
        model=model,
        files=command.files,
        metadata=command.metadata,
        waiting=not has_slot,
        **ids,
    )
    created = e.TaskCreated(
        title=title_of(command.prompt),
        prompt=command.prompt,
        agent_type=command.agent,
        model=model,
        files=command.files,
        metadata=command.metadata,
        **ids,
    )
    sent = e.MessageSent(message_id=command.message_id, content=command.prompt, agent=command.agent, model=model, **ids)
    begun = (e.TaskStarted(**ids),) if has_slot else ()
    status = e.Status(status=WORKING[has_slot], message="Agent started" if has_slot else NO_SLOT, **ids)
    replaced = endings.replaced(state, at)
    events = (*replaced, started, created, *begun, sent, status)
    opened = _active(fold(state, (*replaced, started)))
    return Decision(events, opened.prompts(sent) if has_slot else ())


def _send_message(state: State, command: c.SendMessage, at: Timestamp, *, has_slot: bool) -> Decision:
    check(state.phase, c.SendMessage)
    session = _active(state)
    ids = session.ids(at)
    sent = e.MessageSent(
        message_id=command.message_id,
        content=command.content,
        agent=command.agent or session.agent,
        model=command.model or session.model,
        **ids,
    )
    if state.phase is not Phase.INTERRUPTED:
        return Decision((sent,), session.prompts(sent) if state.phase is Phase.RUNNING else ())
    resumed = e.SessionResumed(status=WORKING[has_slot], waiting=not has_slot, **ids)
    begun = session.task_begun(at, has_slot=has_slot)
    status = e.Status(status=WORKING[has_slot], message="Agent resumed" if has_slot else NO_SLOT, **ids)
    return Decision((resumed, *begun, sent, status), session.prompts(sent) if has_slot else ())


def _interrupt(state: State, at: Timestamp) -> Decision:
    check(state.phase, c.Interrupt)
    if state.phase is Phase.WAITING:
        return Decision(endings.interrupted(state, at, "requested"))
    if state.phase is Phase.INTERRUPTING:
        return Decision(unanswered_while=SETTLING)
    session = _active(state)
    interrupting = e.SessionInterrupting(**session.ids(at))
    return Decision((interrupting, *endings.refused_permissions(session, at)), (Abort(),), SETTLING)


def _stop(state: State, at: Timestamp) -> Decision:
    check(state.phase, c.Stop)
    if state.phase is Phase.STOPPING:
        return Decision(unanswered_while=endings.STOPPED)
    return endings.stopping(_active(state), state.phase, at)


# --- the service ------------------------------------------------------------------------------------------------


def _grant_slot(state: State, command: c.GrantSlot, at: Timestamp) -> Decision:
    session = state.session
    if command.hindrance:
        return task_commands.hold(state, command.hindrance, at)
    if state.phase is not Phase.WAITING or session is None:
        return task_commands.start_next(state, at)
    ids = session.ids(at)
    status = e.Status(status="running", message="Agent started", **ids)
    events = (e.SessionAdmitted(**ids), *session.task_begun(at), status)
    return Decision(events, session.prompts()).asked_by(session.cause)


def _recover(state: State, at: Timestamp) -> Decision:
    match state.phase:
        case Phase.RUNNING | Phase.INTERRUPTING:
            return Decision(endings.cut_short(state, at, "server_restarted"))
        case Phase.STOPPING:
            return endings.stopped_by_request(state, at)
        case Phase.DELETING:
            return endings.deleted_by_request(state, at)
        case _:
            return NOTHING


def _shutdown(state: State, at: Timestamp) -> Decision:
    if state.phase in (Phase.RUNNING, Phase.INTERRUPTING) and state.session:
        interrupting = e.SessionInterrupting(reason="server_stopped", **state.session.ids(at))
        refused = endings.refused_permissions(state.session, at)
        return Decision((interrupting, *refused), (StopAgent(),), SETTLING)
    return Decision(unanswered_while=SETTLING)


def _active(state: State) -> Session:
    assert state.session is not None  # the table of transitions allows no such command without a session
    return state.session
