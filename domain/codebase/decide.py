"""Decide: what a command means for a codebase in a given state. Pure: the moment and the room arrive as arguments.

An illegal command raises its refusal (see `lifecycle`) and changes nothing.
"""

from collections.abc import Mapping
from functools import singledispatch
from typing import Final, Literal

from .. import events as e
from ..errors import AlreadyRegistered, CodebaseNotFound
from ..ids import Timestamp
from . import changes, endings, imports, permissions, task_queue
from . import commands as c
from .decision import NOTHING, Decision, fold
from .effects import Abort, Effect, StopAgent
from .lifecycle import Phase, check, check_present
from .reports import report
from .state import Session, State, title_of

NO_SLOT: Final = "Waiting for other agents to finish"
WORKING: Final[Mapping[bool, Literal["running", "pending"]]] = {True: "running", False: "pending"}
"""What a session is that is to work, with and without room."""

SETTLING = frozenset({Phase.INTERRUPTING, Phase.STOPPING, Phase.DELETING})


def decide(state: State, command: c.Command, at: Timestamp, *, has_slot: bool = True) -> Decision:
    """The decision on `command`. `room`: whether one more agent may run now. Raises `LedgerError` to refuse."""
    return _decide(command, state, at, has_slot)


@singledispatch
def _decide(command: object, state: State, at: Timestamp, has_slot: bool) -> Decision:
    raise TypeError(f"not a command: {command!r}")


@_decide.register
def _register(command: c.Register, state: State, at: Timestamp, has_slot: bool) -> Decision:
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


@_decide.register
def _change(command: c.ChangeCodebase, state: State, at: Timestamp, has_slot: bool) -> Decision:
    return changes.change(command, state, at)


@_decide.register
def _trigger(command: c.Trigger, state: State, at: Timestamp, has_slot: bool) -> Decision:
    check(state.phase, c.Trigger)
    model = command.model or state.default_model
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
    return Decision(events, _prompts(fold(state, (*replaced, started)), sent) if has_slot else ())


@_decide.register
def _send_message(command: c.SendMessage, state: State, at: Timestamp, has_slot: bool) -> Decision:
    check(state.phase, c.SendMessage)
    session = _active(state)
    sent = e.MessageSent(
        message_id=command.message_id,
        content=command.content,
        agent=command.agent or session.agent,
        model=command.model or session.model,
        **endings.ids(session, at),
    )
    if state.phase is not Phase.INTERRUPTED:
        return Decision((sent,), _prompts(state, sent) if state.phase is Phase.RUNNING else ())
    ids = endings.ids(session, at)
    resumed = e.SessionResumed(status=WORKING[has_slot], waiting=not has_slot, **ids)
    status = e.Status(status=WORKING[has_slot], message="Agent resumed" if has_slot else NO_SLOT, **ids)
    return Decision(
        (resumed, *endings.task_works(session, at, has_slot=has_slot), sent, status),
        _prompts(state, sent) if has_slot else (),
    )


@_decide.register
def _interrupt(command: c.Interrupt, state: State, at: Timestamp, has_slot: bool) -> Decision:
    check(state.phase, c.Interrupt)
    if state.phase is Phase.WAITING:
        return Decision(endings.interrupted(state, at, "requested"))
    if state.phase is Phase.INTERRUPTING:
        return Decision(unanswered_while=SETTLING)
    session = _active(state)
    interrupting = e.SessionInterrupting(**endings.ids(session, at))
    refused = endings.refused_permissions(session, at)
    return Decision((interrupting, *refused), (Abort(),), SETTLING)


@_decide.register
def _stop(command: c.Stop, state: State, at: Timestamp, has_slot: bool) -> Decision:
    check(state.phase, c.Stop)
    if state.phase is Phase.STOPPING:
        return Decision(unanswered_while=endings.STOPPED)
    return endings.stopping(_active(state), state.phase, at)


@_decide.register
def _delete(command: c.Delete, state: State, at: Timestamp, has_slot: bool) -> Decision:
    check(state.phase, c.Delete)
    until = frozenset({Phase.DELETING})
    if state.phase is Phase.DELETING or state.codebase is None:
        return Decision(unanswered_while=until)
    deleting = e.CodebaseDeleting(codebase_id=state.codebase.codebase_id, timestamp=at)
    refused = endings.refused_permissions(state.session, at) if state.session else ()
    return Decision((deleting, *refused), (StopAgent(),), until)


@_decide.register
def _reply_permission(command: c.ReplyPermission, state: State, at: Timestamp, has_slot: bool) -> Decision:
    return permissions.replied(command, state, at)


@_decide.register
def _create_task(command: c.CreateTask, state: State, at: Timestamp, has_slot: bool) -> Decision:
    return task_queue.create(command, state, at)


@_decide.register
def _cancel_task(command: c.CancelTask, state: State, at: Timestamp, has_slot: bool) -> Decision:
    return task_queue.cancel(command, state, at)


@_decide.register
def _note_refused_access(command: c.NoteRefusedAccess, state: State, at: Timestamp, has_slot: bool) -> Decision:
    if state.phase in (Phase.VOID, Phase.DELETED):
        raise CodebaseNotFound
    active = endings.ids(state.session, at) if state.session else e.Common(session_id=None, task_id=None, timestamp=at)
    return Decision((e.AccessRefused(calls=command.calls, times=command.times, program=command.program, **active),))


@_decide.register
def _conclude(command: c.Conclude, state: State, at: Timestamp, has_slot: bool) -> Decision:
    check_present(state.phase)
    return NOTHING


@_decide.register
def _grant_slot(command: c.GrantSlot, state: State, at: Timestamp, has_slot: bool) -> Decision:
    session = state.session
    if command.hindrance:
        return task_queue.hold(command.hindrance, state, at)
    if state.phase is not Phase.WAITING or session is None:
        return task_queue.start_next(state, at)
    ids = endings.ids(session, at)
    status = e.Status(status="running", message="Agent started", **ids)
    events = (e.SessionAdmitted(**ids), *endings.task_works(session, at), status)
    return Decision(events, _prompts(state, None)).asked_by(session.correlation_id)


@_decide.register
def _look_again(command: c.LookAgain, state: State, at: Timestamp, has_slot: bool) -> Decision:
    return NOTHING


@_decide.register
def _recover(command: c.Recover, state: State, at: Timestamp, has_slot: bool) -> Decision:
    match state.phase:
        case Phase.RUNNING | Phase.INTERRUPTING:
            return Decision(endings.cut_short(state, at, "server_restarted"))
        case Phase.STOPPING:
            return Decision(endings.stopped(state, at))
        case Phase.DELETING:
            return Decision(endings.deleted(state, at))
        case _:
            return NOTHING


@_decide.register
def _shutdown(command: c.Shutdown, state: State, at: Timestamp, has_slot: bool) -> Decision:
    if state.phase in (Phase.RUNNING, Phase.INTERRUPTING) and state.session:
        ids = endings.ids(state.session, at)
        interrupting = e.SessionInterrupting(reason="server_stopped", **ids)
        refused = endings.refused_permissions(state.session, at)
        return Decision((interrupting, *refused), (StopAgent(),), SETTLING)
    return Decision(unanswered_while=SETTLING)


@_decide.register
def _retire(command: c.Retire, state: State, at: Timestamp, has_slot: bool) -> Decision:
    return Decision(effects=(StopAgent(),)) if not state.occupies_slot else NOTHING


@_decide.register
def _report(command: c.Report, state: State, at: Timestamp, has_slot: bool) -> Decision:
    return report(state, command, at)


@_decide.register
def _import_session(command: c.ImportSession, state: State, at: Timestamp, has_slot: bool) -> Decision:
    return imports.import_session(command, state, at)


def _active(state: State) -> Session:
    assert state.session is not None  # the table of transitions allows no such command without a session
    return state.session


def _prompts(state: State, sent: e.MessageSent | None) -> tuple[Effect, ...]:
    """Hand over what was held back, then the message just sent."""
    return endings.prompts(_active(state), sent)
