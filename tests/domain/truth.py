"""What must hold of every codebase's history, however it came about."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from opencode_ledger.domain import events as e
from opencode_ledger.domain import outside_events as o

ENDINGS = (e.SessionCompleted, e.SessionFailed, e.SessionStopped)
OUTSIDE = (o.SessionImported, o.SessionExtended, o.MessageImported)
"""What others did; it may come to a session of ours at any time, also after its end."""

TASK_ENDINGS = (e.TaskCompleted, e.TaskFailed, e.TaskCancelled)


@dataclass
class _Seen:
    """One session's history so far."""

    ended: bool = False
    complete: bool = False
    task_started: bool = False
    task_ended: bool = False
    tools: set[str] = field(default_factory=set[str])
    asked: set[str] = field(default_factory=set[str])
    answered: set[str] = field(default_factory=set[str])


def assert_truthful(events: Iterable[e.Event]) -> None:
    """One session at a time, one end each and nothing after it, and nothing left open where a run is over."""
    seen: dict[str, _Seen] = {}
    messages: set[str] = set()
    queue: dict[str, e.TaskCreated] = {}
    for event in events:
        _assert_queue(queue, event)
        if isinstance(event, e.SessionStarted):
            assert event.session_id not in seen, "a session starts once"
            assert all(session.complete for session in seen.values()), "one session at a time"
            seen[str(event.session_id)] = _Seen()
        if isinstance(event, e.MessageSent):
            assert event.message_id not in messages, "a message is recorded once"
            messages.add(event.message_id)
        if event.session_id is not None and not isinstance(event, OUTSIDE):
            _assert_session(seen[event.session_id], event)


def _assert_queue(queue: dict[str, e.TaskCreated], event: e.Event) -> None:
    if isinstance(event, e.TaskCreated) and event.session_id is None:
        queue[str(event.task_id)] = event
    elif isinstance(event, e.TaskStarted) and event.task_id in queue:
        task = queue.pop(event.task_id)
        assert all(other.priority <= task.priority for other in queue.values()), "the highest priority goes first"
    elif isinstance(event, e.TaskCancelled):
        queue.pop(str(event.task_id), None)
    elif isinstance(event, e.CodebaseDeleted):
        assert not queue, "nothing waits for an agent that is gone"


def _assert_session(session: _Seen, event: e.Event) -> None:
    assert not session.complete, f"nothing of a session after its end, but {event}"
    _assert_permissions(session, event)
    _assert_task(session, event)
    if isinstance(event, e.ToolUse):
        session.tools.add(event.call_id)
    if isinstance(event, e.ToolResult):
        session.tools.discard(event.call_id)
    if isinstance(event, (*ENDINGS, e.SessionInterrupted)):
        assert not session.tools, "no tool call is left open"
        assert session.asked == session.answered, "no question is left open"
    if isinstance(event, ENDINGS):
        assert not session.ended, "a session ends once"
        session.ended = True
    if isinstance(event, e.Complete):
        assert session.ended and session.task_ended, "the last event comes after the end of session and task"
        session.complete = True


def _assert_permissions(session: _Seen, event: e.Event) -> None:
    if isinstance(event, e.PermissionAsked):
        assert event.permission_id not in session.asked, "a question is asked once"
        session.asked.add(event.permission_id)
    if isinstance(event, e.PermissionReplied):
        assert event.permission_id in session.asked - session.answered, "a question is answered once"
        session.answered.add(event.permission_id)


def _assert_task(session: _Seen, event: e.Event) -> None:
    if isinstance(event, e.TaskStarted):
        assert not session.task_started and not session.task_ended, "a task starts once, before its end"
        session.task_started = True
    if isinstance(event, TASK_ENDINGS):
        assert not session.task_ended, "a task ends once"
        assert session.task_started or isinstance(event, e.TaskCancelled), "only what started completes or fails"
        session.task_ended = True
