"""What the agent's reports mean: each fact is decided in the state that the facts before it led to.

A fact counts only for the session that is active now, and only while the agent may be at work. What comes after the
end of a run, or from an earlier session, changes nothing.
"""

from typing import Final, TypeAlias, assert_never

from .. import events as e
from ..failure import Failure
from ..ids import Timestamp
from ..whole_output import AgentOutput, WholeOutput, whole_members
from . import endings, permissions
from . import facts as f
from .commands import Report
from .decision import NOTHING, Decision, fold
from .effects import Effect, StopAgent
from .lifecycle_rules import BUSY, Phase
from .state import Session, State

ProcessFact: TypeAlias = f.AgentAborted | f.AgentStopped | f.AgentDied
"""What happened to the agent's process, whatever session it worked in."""

PlainFact: TypeAlias = (
    f.TextStreamed
    | f.ToolStarted
    | f.ToolEnded
    | f.FileChanged
    | f.FileCompared
    | f.FilesUnknown
    | f.StepUsed
    | f.RetryScheduled
)
"""What is recorded as it is, in any phase in which the agent may be at work."""


def report(state: State, command: Report, at: Timestamp) -> Decision:
    """All facts of a report, each decided in the state that the facts before it led to."""
    events: list[e.Event] = []
    effects: list[Effect] = []
    for fact in command.facts:
        decision = _on_fact(state, fact, at, command.permission_limit)
        state = fold(state, decision.events)
        events += decision.events
        effects += decision.effects
    return Decision(tuple(events), tuple(effects))


def _on_fact(state: State, fact: f.Fact, at: Timestamp, permission_limit: float) -> Decision:
    if isinstance(fact, ProcessFact):
        return _on_process(state, fact, at)
    session = state.session
    if session is None or state.phase not in BUSY or fact.session_id != session.id:
        return NOTHING
    match fact:
        case f.SessionOpened():
            return _opened(session, fact, at)
        case f.PromptTaken():
            return _taken(state, session, fact, at)
        case f.PermissionRequested():
            return permissions.requested(state, session, fact, at, permission_limit)
        case f.PermissionSettled():
            return permissions.settled(state, session, fact, at)
        case f.RunEnded():
            return _run_ended(state, session, fact, at)
        case f.PromptFailed() | f.AnswerFailed():
            return _out_of_reach(state, session, fact, at)
        case _:
            return Decision((_plain(session, fact, at),))


# --- the process ------------------------------------------------------------------------------------------------


def _on_process(state: State, fact: ProcessFact, at: Timestamp) -> Decision:
    match fact:
        case f.AgentAborted():
            return _aborted(state, at)
        case f.AgentStopped():
            return _stopped(state, at)
        case f.AgentDied():
            return _died(state, fact, at)
        case _:
            assert_never(fact)


def _aborted(state: State, at: Timestamp) -> Decision:
    session = state.session
    if state.phase is not Phase.INTERRUPTING or session is None:
        return NOTHING
    if session.interrupt_reason == "server_stopped":
        return Decision(endings.cut_short(state, at, "server_stopped"))
    interrupted = Decision(endings.interrupted(state, at, session.interrupt_reason)).asked_by(session.halt).events
    rested = fold(state, interrupted).session
    if not session.unsent or rested is None:
        return Decision(interrupted)
    # A message came after the interrupt, before the agent had aborted: it resumes the session at once.
    ids = session.ids(at)
    status = e.Status(status="running", message="Agent resumed", **ids)
    resumed = Decision((e.SessionResumed(**ids), *session.task_begun(at), status)).asked_by(session.cause).events
    return Decision((*interrupted, *resumed), rested.prompts())


def _stopped(state: State, at: Timestamp) -> Decision:
    match state.phase:
        case Phase.STOPPING:
            return endings.stopped_by_request(state, at)
        case Phase.DELETING:
            return endings.deleted_by_request(state, at)
        case Phase.INTERRUPTING:
            return _aborted(state, at)
        case _:
            return NOTHING


def _died(state: State, fact: f.AgentDied, at: Timestamp) -> Decision:
    if state.phase is not Phase.RUNNING:
        return NOTHING
    # A prompt may still be on its way: it must not start a new process for a session that is not running.
    return Decision(endings.crashed(state, at, fact.reason, fact.code), (StopAgent(),))


# --- the session ------------------------------------------------------------------------------------------------


def _opened(session: Session, fact: f.SessionOpened, at: Timestamp) -> Decision:
    # A session keeps the model that it began with; a model that a message names is for that message alone.
    model = session.model if session.agent_session_id and session.model else fact.model
    if (fact.agent_session_id, model) == (session.agent_session_id, session.model):
        return NOTHING
    return Decision((e.SessionLinked(agent_session_id=fact.agent_session_id, model=model, **session.ids(at)),))


def _taken(state: State, session: Session, fact: f.PromptTaken, at: Timestamp) -> Decision:
    untaken = any(prompt.message_id == fact.message_id for prompt in session.untaken)
    if state.phase is not Phase.RUNNING or not untaken:
        return NOTHING
    delivered = e.MessageDelivered(
        message_id=fact.message_id, agent_message_id=fact.agent_message_id, **session.ids(at)
    )
    return Decision((delivered,))


_UNANSWERED: Final = {
    "PERMISSION_REJECTED": "The agent stopped because nobody answered in time when it asked for a permission.",
    "QUESTION_REJECTED": "The agent stopped because nobody answered its question in time.",
}
"""Why a run ended where the time limit rejected what the agent asked, by the failure's code."""


def _run_ended(state: State, session: Session, fact: f.RunEnded, at: Timestamp) -> Decision:
    # Once an interrupt or a stop is recorded, it decides the outcome. An end before a newer prompt is no end.
    if state.phase is not Phase.RUNNING or fact.answers != session.last_prompt:
        return NOTHING
    if fact.failure is None:
        return Decision(endings.completed(session, at, fact.summary, fact.finish))
    why = fact.failure
    if session.unanswered:
        why = Failure(code=why.code, error=_UNANSWERED.get(why.code, why.error))
    return Decision(endings.failed(session, at, why, state.failures))


def _out_of_reach(state: State, session: Session, fact: f.PromptFailed | f.AnswerFailed, at: Timestamp) -> Decision:
    if state.phase is not Phase.RUNNING:
        return NOTHING
    return Decision(endings.failed(session, at, fact.failure, state.failures), (StopAgent(),))


# --- what is recorded as it is ----------------------------------------------------------------------------------


def _plain(session: Session, fact: PlainFact, at: Timestamp) -> e.Event:
    ids = session.ids(at)
    match fact:
        case f.TextStreamed():
            return _text(fact, ids)
        case f.ToolStarted():
            return _tool_started(fact, ids)
        case f.ToolEnded():
            return _tool_ended(fact, ids)
        case f.FileChanged():
            return e.FileChange(change=fact.action, path=fact.path, path_encoding=fact.path_encoding, **ids)
        case f.FileCompared():
            return _compared(fact, ids)
        case f.FilesUnknown():
            return e.Status(status="running", message=fact.reason, about="files", **ids)
        case f.StepUsed():
            return e.Usage(tokens=fact.tokens, cost=fact.cost, subagent=fact.subagent, **ids)
        case f.RetryScheduled():
            message = f"The model's provider failed ({fact.reason}); trying again in {fact.delay:.0f} s"
            return e.Status(status="running", message=message, attempt=fact.attempt, **ids)
        case _:
            assert_never(fact)


def _compared(fact: f.FileCompared, ids: e.Common) -> e.FileDiff:
    return e.FileDiff(
        change=fact.action,
        path=fact.path,
        additions=fact.additions,
        deletions=fact.deletions,
        diff=fact.diff,
        diff_missing=fact.missing,
        **ids,
    )


def _text(fact: f.TextStreamed, ids: e.Common) -> e.Output:
    return e.Output(
        type=fact.kind,
        content=fact.content,
        message_id=fact.message_id,
        part_id=fact.part_id,
        replaces=fact.replaces or None,
        subagent=fact.subagent,
        **ids,
    )


def _tool_started(fact: f.ToolStarted, ids: e.Common) -> e.ToolUse:
    return e.ToolUse(
        tool=fact.tool,
        args=fact.args,
        call_id=fact.call_id,
        message_id=fact.message_id,
        subagent=fact.subagent,
        **ids,
    )


def _tool_ended(fact: f.ToolEnded, ids: e.Common) -> e.ToolResult:
    whole = _kept(fact.whole)
    return e.ToolResult(
        tool=fact.tool,
        call_id=fact.call_id,
        status=fact.status,
        output=fact.output,
        title=fact.title,
        subagent=fact.subagent,
        exit_code=fact.exit_code,
        **whole_members(whole),
        **ids,
    )


def _kept(whole: AgentOutput | WholeOutput | None) -> WholeOutput:
    """What is recorded of a whole output; `off` where nothing took it in."""
    if isinstance(whole, AgentOutput):
        return WholeOutput(missing="off")
    return whole or WholeOutput()
