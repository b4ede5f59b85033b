"""What the agent's reports mean: one function per kind of fact.

A report counts only for the session that is active now, and only while the agent may be at work: what comes
after the end of a run, or from a session before, changes nothing.
"""

from functools import singledispatch
from typing import Final

from .. import events as e
from ..ids import Timestamp
from ..outputs.whole import AgentOutput, WholeOutput
from . import endings, permissions
from . import facts as f
from .commands import Report
from .decision import NOTHING, Decision, fold
from .effects import Effect, StopAgent
from .lifecycle import BUSY, Phase
from .state import Session, State


def report(state: State, command: Report, at: Timestamp) -> Decision:
    """All facts of a report, each decided in the state that the ones before it led to."""
    events: list[e.Event] = []
    effects: list[Effect] = []
    for fact in command.facts:
        decision = _on_fact(state, fact, at, command.permission_limit)
        state = fold(state, decision.events)
        events += decision.events
        effects += decision.effects
    return Decision(tuple(events), tuple(effects))


def _on_fact(state: State, fact: f.Fact, at: Timestamp, permission_limit: float) -> Decision:
    if isinstance(fact, f.AgentAborted | f.AgentStopped | f.AgentDied):
        return _on_process(fact, state, at)
    session = state.session
    if session is None or state.phase not in BUSY or fact.session_id != session.id:
        return NOTHING
    if isinstance(fact, f.PermissionRequested):
        return permissions.requested(fact, state, session, at, permission_limit)
    return _on_session(fact, state, session, at)


# --- the process ------------------------------------------------------------------------------------------------


@singledispatch
def _on_process(fact: object, state: State, at: Timestamp) -> Decision:
    raise TypeError(f"not a fact: {fact!r}")


@_on_process.register
def _aborted(fact: f.AgentAborted, state: State, at: Timestamp) -> Decision:
    session = state.session
    if state.phase is not Phase.INTERRUPTING or session is None:
        return NOTHING
    if session.interrupt_reason == "server_stopped":
        return Decision(endings.cut_short(state, at, "server_stopped"))
    interrupted = endings.interrupted(state, at, session.interrupt_reason)
    rested = fold(state, interrupted).session
    if not session.unsent or rested is None:
        return Decision(interrupted)
    # A message came after the interrupt, before the agent had let go: it resumes the session at once.
    ids = endings.ids(session, at)
    status = e.Status(status="running", message="Agent resumed", **ids)
    resumed = (e.SessionResumed(**ids), *endings.task_works(session, at), status)
    return Decision((*interrupted, *resumed), endings.prompts(rested, None))


@_on_process.register
def _stopped(fact: f.AgentStopped, state: State, at: Timestamp) -> Decision:
    match state.phase:
        case Phase.STOPPING:
            return Decision(endings.stopped(state, at))
        case Phase.DELETING:
            return Decision(endings.deleted(state, at))
        case Phase.INTERRUPTING:
            return _aborted(f.AgentAborted(), state, at)
        case _:
            return NOTHING


@_on_process.register
def _died(fact: f.AgentDied, state: State, at: Timestamp) -> Decision:
    if state.phase is not Phase.RUNNING:
        return NOTHING
    # A prompt may still be on its way: it must not start a new process for a session that is not running.
    return Decision(endings.cut_short(state, at, "agent_crashed", fact.reason, fact.code), (StopAgent(),))


# --- the session ------------------------------------------------------------------------------------------------


@singledispatch
def _on_session(fact: object, state: State, session: Session, at: Timestamp) -> Decision:
    raise TypeError(f"not a fact: {fact!r}")


_UNANSWERED: Final = {
    "PERMISSION_REJECTED": "The agent stopped because nobody answered in time when it asked for a permission.",
    "QUESTION_REJECTED": "The agent stopped because nobody answered its question in time.",
}
"""What ended a run where it was the limit of time that refused, by the code of the refusal."""


@_on_session.register
def _opened(fact: f.SessionOpened, state: State, session: Session, at: Timestamp) -> Decision:
    # A session keeps the model that it began with: one that a message named is that message's alone.
    model = session.model if session.agent_session_id and session.model else fact.model
    if (fact.agent_session_id, model) == (session.agent_session_id, session.model):
        return NOTHING
    linked = e.SessionLinked(agent_session_id=fact.agent_session_id, model=model, **endings.ids(session, at))
    return Decision((linked,))


@_on_session.register
def _taken(fact: f.PromptTaken, state: State, session: Session, at: Timestamp) -> Decision:
    untaken = any(prompt.message_id == fact.message_id for prompt in session.untaken)
    if state.phase is not Phase.RUNNING or not untaken:
        return NOTHING
    delivered = e.MessageDelivered(
        message_id=fact.message_id, agent_message_id=fact.agent_message_id, **endings.ids(session, at)
    )
    return Decision((delivered,))


@_on_session.register
def _text(fact: f.TextStreamed, state: State, session: Session, at: Timestamp) -> Decision:
    output = e.Output(
        type=fact.kind,
        content=fact.content,
        message_id=fact.message_id,
        part_id=fact.part_id,
        replaces=fact.replaces or None,
        subagent=fact.subagent,
        **endings.ids(session, at),
    )
    return Decision((output,))


@_on_session.register
def _tool_started(fact: f.ToolStarted, state: State, session: Session, at: Timestamp) -> Decision:
    use = e.ToolUse(
        tool=fact.tool,
        args=fact.args,
        call_id=fact.call_id,
        message_id=fact.message_id,
        subagent=fact.subagent,
        **endings.ids(session, at),
    )
    return Decision((use,))


@_on_session.register
def _tool_ended(fact: f.ToolEnded, state: State, session: Session, at: Timestamp) -> Decision:
    whole = _kept(fact.whole)
    result = e.ToolResult(
        tool=fact.tool,
        call_id=fact.call_id,
        status=fact.status,
        output=fact.output,
        title=fact.title,
        subagent=fact.subagent,
        whole_id=whole.output_id,
        whole_bytes=whole.bytes,
        whole_sha256=whole.sha256,
        whole_kept=whole.kept,
        whole_kept_sha256=whole.kept_sha256,
        whole_missing=whole.missing,
        **endings.ids(session, at),
    )
    return Decision((result,))


def _kept(whole: AgentOutput | WholeOutput | None) -> WholeOutput:
    """What is on record of a whole output; where nobody took it in, that it is missing."""
    if isinstance(whole, AgentOutput):
        return WholeOutput(missing="off")
    return whole or WholeOutput()


@_on_session.register
def _file_changed(fact: f.FileChanged, state: State, session: Session, at: Timestamp) -> Decision:
    change = e.FileChange(
        change=fact.action, path=fact.path, path_encoding=fact.path_encoding, **endings.ids(session, at)
    )
    return Decision((change,))


@_on_session.register
def _files_unknown(fact: f.FilesUnknown, state: State, session: Session, at: Timestamp) -> Decision:
    return Decision((e.Status(status="running", message=fact.reason, about="files", **endings.ids(session, at)),))


@_on_session.register
def _step_used(fact: f.StepUsed, state: State, session: Session, at: Timestamp) -> Decision:
    usage = e.Usage(tokens=fact.tokens, cost=fact.cost, subagent=fact.subagent, **endings.ids(session, at))
    return Decision((usage,))


@_on_session.register
def _retry(fact: f.RetryScheduled, state: State, session: Session, at: Timestamp) -> Decision:
    message = f"The model's provider failed ({fact.reason}); trying again in {fact.delay:.0f} s"
    status = e.Status(status="running", message=message, attempt=fact.attempt, **endings.ids(session, at))
    return Decision((status,))


@_on_session.register
def _settled(fact: f.PermissionSettled, state: State, session: Session, at: Timestamp) -> Decision:
    return permissions.settled(fact, state, session, at)


@_on_session.register
def _run_ended(fact: f.RunEnded, state: State, session: Session, at: Timestamp) -> Decision:
    # Once an interrupt or a stop is recorded it decides the outcome; and an end before a newer prompt is none.
    if state.phase is not Phase.RUNNING or fact.answers != session.last_prompt:
        return NOTHING
    if fact.outcome == "completed":
        return Decision(endings.completed(session, at, fact.summary, fact.finish))
    error = _UNANSWERED.get(fact.code, fact.error) if session.unanswered else fact.error
    return Decision(endings.failed(session, at, error, fact.code, state.failures))


@_on_session.register
def _out_of_reach(fact: f.PromptFailed | f.AnswerFailed, state: State, session: Session, at: Timestamp) -> Decision:
    if state.phase is not Phase.RUNNING:
        return NOTHING
    return Decision(endings.failed(session, at, fact.error, fact.code, state.failures), (StopAgent(),))
