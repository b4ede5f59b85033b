"""The state of a codebase, folded from its events: `state = reduce(evolve, events, INITIAL)`.

`output` events never change it, so an actor wakes without reading them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from .. import events as e
from ..agent_config import AgentConfig
from ..ids import AgentSessionId, MessageId, PermissionId, SessionId, TaskId, Timestamp
from .effects import Prompt
from .import_index import remember
from .imported import ImportIndex, Recorded
from .lifecycle_rules import BUSY, Phase
from .queue.priority_queue import PriorityQueue

TITLE_LENGTH = 80


@dataclass(frozen=True, kw_only=True)
class Session:
    """The active session, or the interrupted one.

    - `task_open`: its task has not ended.
    - `last_prompt`: the newest message, sent to the agent or not.
    - `unsent`: messages accepted while the agent could not take them.
    - `untaken`: messages on their way to the agent; an interrupt makes them unsent.
    - `open_tools`: calls without a result, from call id to tool.
    - `permissions`: what the agent asks and waits for. `answering`: those with an answer on its way. `settled`: the rest.
    - `unanswered`: the latest decision was a rejection by the time limit.
    - `cause`: of the request that last started it or resumed it. `halt`: of the one that interrupts or stops it.
    """

    id: SessionId
    task_id: TaskId | None
    agent: str
    model: str | None
    title: str
    files: tuple[str, ...] = ()
    task_open: bool = True
    task_started: bool = False
    agent_session_id: AgentSessionId | None = None
    last_prompt: MessageId | None = None
    unsent: tuple[Prompt, ...] = ()
    untaken: tuple[Prompt, ...] = ()
    open_tools: Mapping[str, str] = field(default_factory=dict[str, str])
    permissions: Mapping[PermissionId, e.PermissionAsked] = field(default_factory=dict[PermissionId, e.PermissionAsked])
    answering: Mapping[PermissionId, e.PermissionAnswering] = field(
        default_factory=dict[PermissionId, e.PermissionAnswering]
    )
    settled: frozenset[PermissionId] = frozenset()
    unanswered: bool = False
    interrupt_reason: e.InterruptReason = "requested"
    cause: e.Cause = e.NOBODY
    halt: e.Cause = e.NOBODY

    def ids(self, at: Timestamp) -> e.Common:
        """The members that all events of this session share."""
        return e.Common(session_id=self.id, task_id=self.task_id, timestamp=at)

    def prompt(self, message: e.MessageSent) -> Prompt:
        """The effect that hands a recorded message to the agent; the session's first message brings its files."""
        return Prompt(
            session_id=self.id,
            agent_session_id=self.agent_session_id,
            message_id=message.message_id,
            text=message.content,
            agent=message.agent,
            model=message.model,
            files=self.files if self.last_prompt is None else (),
            title=self.title,
        )

    def prompts(self, sent: e.MessageSent | None = None) -> tuple[Prompt, ...]:
        """What to hand to the agent: messages held back, then the one just sent."""
        held = tuple(replace(prompt, agent_session_id=self.agent_session_id) for prompt in self.unsent)
        return (*held, self.prompt(sent)) if sent else held

    def task_begun(self, at: Timestamp, *, has_slot: bool = True) -> tuple[e.Event, ...]:
        """The session's task follows it: it starts with the first run, resumes with a later one, or waits for a slot."""
        if not self.task_open:
            return ()
        if not has_slot:
            return (e.TaskResumed(status="pending", **self.ids(at)),)
        return (e.TaskResumed(**self.ids(at)) if self.task_started else e.TaskStarted(**self.ids(at)),)


@dataclass(frozen=True, kw_only=True)
class State:
    """A codebase: its registration, the phase of its agent, the active session if there is one, and the queue.

    - `queue`: tasks that wait for the agent.
    - `import_index`: what is on record of the agent's sessions, so that external work in them is imported once.
    - `failures`: consecutive failed sessions.
    - `held`: why the next task can't start yet, where it can't.
    - `deletion`: the cause of the deletion, once it was asked for.
    """

    codebase: e.CodebaseRegistered | None = None
    phase: Phase = Phase.VOID
    session: Session | None = None
    queue: PriorityQueue = field(default_factory=PriorityQueue)
    import_index: ImportIndex = field(default_factory=dict[AgentSessionId, Recorded])
    failures: int = 0
    held: e.TaskHeld | None = None
    deletion: e.Cause = e.NOBODY

    @property
    def turn(self) -> TaskId | None:
        """The next task to start: that of a waiting session, or the first of an idle agent's queue."""
        if self.phase is Phase.WAITING and self.session:
            return self.session.task_id
        first = self.queue.first if self.phase is Phase.IDLE else None
        return first.task_id if first else None

    @property
    def wants_slot(self) -> bool:
        """Whether waiting work could start if a slot among the running agents were free."""
        return self.phase is Phase.WAITING or (self.phase is Phase.IDLE and bool(self.queue))

    @property
    def occupies_slot(self) -> bool:
        """Whether this codebase takes a slot among the running agents."""
        return self.phase in BUSY

    @property
    def agent_config(self) -> AgentConfig:
        """How to run the codebase's agent."""
        return AgentConfig.of(self.codebase.agent_config if self.codebase else {})


INITIAL = State()

RELEASING = (e.SessionAdmitted, e.SessionStarted, e.SessionInterrupted, e.SessionStopped, e.TaskCancelled)
"""The events after which a task is no longer held: it starts, or it is given up."""


def title_of(prompt: str) -> str:
    """A short name for a piece of work: the first line of its prompt that says something."""
    first = next((line.strip() for line in prompt.split("\n") if line.strip()), "")
    return first if len(first) <= TITLE_LENGTH else first[: TITLE_LENGTH - 1].rstrip() + "…"


def evolve(state: State, event: e.Event) -> State:
    """The state after an event; other kinds of event leave it as it is."""
    active = state.session.agent_session_id if state.session else None
    import_index = remember(state.import_index, event, active)
    if import_index is not state.import_index:
        state = replace(state, import_index=import_index)
    if state.held and isinstance(event, RELEASING) and event.task_id == state.held.task_id:
        state = replace(state, held=None)
    match event:
        case e.TaskHeld():
            return replace(state, held=event)
        case e.TaskCreated(session_id=None):
            return replace(state, queue=state.queue.with_last(event))
        case e.TaskChanged() | e.TaskMoved():
            return replace(state, queue=_rearranged(state.queue, event))
        case e.TaskCreated() | e.TaskStarted() | e.TaskCancelled() | e.TaskFailed():
            return _evolve_active(replace(state, queue=state.queue.without(event.task_id)), event)
        case e.CodebaseRegistered():
            return replace(state, codebase=event, phase=Phase.IDLE)
        case e.CodebaseChanged() if state.codebase:
            return replace(state, codebase=_changed(state.codebase, event))
        case e.CodebaseDeleting():
            return replace(state, phase=Phase.DELETING, deletion=event.cause)
        case e.CodebaseDeleted():
            return replace(state, phase=Phase.DELETED, session=None)
        case e.SessionStarted():
            return replace(state, phase=_working(event.waiting), session=_started(event, state.queue))
        case _:
            return _evolve_active(state, event)


def _rearranged(queue: PriorityQueue, event: e.TaskChanged | e.TaskMoved) -> PriorityQueue:
    if isinstance(event, e.TaskChanged):
        return queue.with_content(event.task_id, title=event.title, prompt=event.prompt)
    task = queue.get(event.task_id)
    return queue.with_before(replace(task, priority=event.priority), event.before) if task else queue


def _changed(codebase: e.CodebaseRegistered, event: e.CodebaseChanged) -> e.CodebaseRegistered:
    """The registration after a change; members that the event doesn't have stay as they are."""
    return replace(
        codebase,
        name=codebase.name if event.name is None else event.name,
        description=codebase.description if event.description is None else event.description,
        agent_config=codebase.agent_config if event.agent_config is None else event.agent_config,
    )


def _evolve_active(state: State, event: e.Event) -> State:
    if state.session is None or event.session_id != state.session.id:
        return state
    return _evolve_phase(state, state.session, event)


def _working(waiting: bool) -> Phase:
    return Phase.WAITING if waiting else Phase.RUNNING


def _started(event: e.SessionStarted, queue: PriorityQueue) -> Session:
    assert event.session_id is not None  # a session's own events always name it
    queued = queue.get(event.task_id)
    return Session(
        id=event.session_id,
        task_id=event.task_id,
        agent=event.agent,
        model=event.model,
        title=queued.title if queued else title_of(event.prompt),
        files=event.files,
        cause=event.cause,
    )


def _evolve_phase(state: State, session: Session, event: e.Event) -> State:
    match event:
        case e.SessionAdmitted():
            return replace(state, phase=Phase.RUNNING, session=_handed_over(session))
        case e.SessionResumed(waiting=True):
            return replace(state, phase=Phase.WAITING, session=replace(session, cause=event.cause))
        case e.SessionResumed():
            return replace(state, phase=Phase.RUNNING, session=replace(_handed_over(session), cause=event.cause))
        case e.SessionInterrupting():
            halted = replace(session, interrupt_reason=event.reason, halt=event.cause)
            return replace(state, phase=Phase.INTERRUPTING, session=halted)
        case e.SessionInterrupted():
            unsent = (*session.untaken, *session.unsent)
            return replace(state, phase=Phase.INTERRUPTED, session=replace(session, unsent=unsent, untaken=()))
        case e.SessionStopping():
            return replace(state, phase=Phase.STOPPING, session=replace(session, halt=event.cause))
        case e.SessionCompleted() | e.SessionFailed() | e.SessionStopped():
            phase = state.phase if state.phase is Phase.DELETING else Phase.IDLE
            return replace(state, phase=phase, session=None, failures=_failures(state, event))
        case _:
            return replace(state, session=_evolve_session(state, session, event))


def _failures(state: State, end: e.Event) -> int:
    """Consecutive failed sessions after this end; a stop doesn't count, since it says nothing about the agent."""
    if isinstance(end, e.SessionCompleted):
        return 0
    return state.failures + isinstance(end, e.SessionFailed)


def _evolve_session(state: State, session: Session, event: e.Event) -> Session:
    match event:
        case e.SessionLinked():
            return replace(session, agent_session_id=event.agent_session_id, model=event.model or session.model)
        case e.MessageDelivered():
            waiting = tuple(prompt for prompt in session.untaken if prompt.message_id != event.message_id)
            return replace(session, untaken=waiting)
        case e.TaskStarted():
            return replace(session, task_started=True)
        case e.TaskCompleted() | e.TaskFailed() | e.TaskCancelled():
            return replace(session, task_open=False)
        case e.MessageSent():
            return _message_sent(state.phase, session, event)
        case e.ToolUse():
            return replace(session, open_tools={**session.open_tools, event.call_id: event.tool})
        case e.ToolResult():
            return replace(session, open_tools=_without(session.open_tools, event.call_id))
        case e.PermissionAsked():
            return replace(session, permissions={**session.permissions, event.permission_id: event})
        case e.PermissionAnswering():
            return replace(session, answering={**session.answering, event.permission_id: event})
        case e.PermissionReplied():
            return _settled(session, event)
        case _:
            return session


def _settled(session: Session, event: e.PermissionReplied) -> Session:
    # What the agent settles by itself follows from the answer before.
    unanswered = session.unanswered if event.decided_by == "agent" else event.decided_by == "timeout"
    return replace(
        session,
        permissions=_without(session.permissions, event.permission_id),
        answering=_without(session.answering, event.permission_id),
        settled=session.settled | {event.permission_id},
        unanswered=unanswered,
    )


def _message_sent(phase: Phase, session: Session, message: e.MessageSent) -> Session:
    prompt = session.prompt(message)
    said = replace(session, last_prompt=message.message_id)
    if phase is Phase.INTERRUPTING:
        # It resumes the session once that is interrupted, so the resumption is in its name.
        return replace(said, unsent=(*session.unsent, prompt), cause=message.cause)
    if phase is Phase.WAITING:
        return replace(said, unsent=(*session.unsent, prompt))
    return replace(said, untaken=(*session.untaken, prompt))


def _handed_over(session: Session) -> Session:
    return replace(session, unsent=(), untaken=(*session.untaken, *session.unsent))


K = TypeVar("K")
V = TypeVar("V")


def _without(items: Mapping[K, V], key: K) -> dict[K, V]:
    return {k: v for k, v in items.items() if k != key}
