"""What must hold of every codebase's history, however it came about."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from opencode_ledger.domain import events as e
from opencode_ledger.domain.events import imported as o

ENDINGS = (e.SessionCompleted, e.SessionFailed, e.SessionStopped)
OUTSIDE = (o.SessionImported, o.SessionExtended, o.MessageImported, o.OutputImported)
"""What others did; it may come to a session of ours at any time, also after its end."""

TASK_ENDINGS = (e.TaskCompleted, e.TaskFailed, e.TaskCancelled)


GOES_WITH = {"completed": "completed", "failed": "failed", "stopped": "cancelled"} | {
    status: status for status in ("pending", "running", "interrupted")
}
"""Where a task goes when its session goes there."""


@dataclass
class _Seen:
    """One session's history so far. `status`, `task_status`: what subscribers know of it and of its task."""

    status: str = ""
    task_status: str = ""
    ended: bool = False
    complete: bool = False
    task_started: bool = False
    task_ended: bool = False
    tools: set[str] = field(default_factory=set[str])
    asked: set[str] = field(default_factory=set[str])
    answered: set[str] = field(default_factory=set[str])
    wishes: dict[str, e.PermissionAnswering] = field(default_factory=dict[str, e.PermissionAnswering])


class Histories:
    """The histories of one codebase so far; `see` each event as it comes."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self._open: set[str] = set()
        self._messages: set[str] = set()
        self._queue: dict[str, e.TaskCreated] = {}

    def see(self, event: e.Event) -> None:
        """One session at a time, one end each and nothing after it, and nothing left open where a run is over."""
        _assert_queue(self._queue, event)
        if isinstance(event, e.SessionStarted):
            assert event.session_id not in self._seen, "a session starts once"
            assert not self._open, "one session at a time"
            self._seen[str(event.session_id)] = _Seen()
            self._open.add(str(event.session_id))
        if isinstance(event, e.MessageSent):
            assert event.message_id not in self._messages, "a message is recorded once"
            self._messages.add(event.message_id)
        if event.session_id is not None and not isinstance(event, OUTSIDE):
            _assert_session(self._seen[event.session_id], event)
        if isinstance(event, e.Complete):
            self._open.discard(str(event.session_id))


def assert_truthful(events: Iterable[e.Event]) -> None:
    """Every event of a history holds, in the light of those before it."""
    histories = Histories()
    for event in events:
        histories.see(event)


def _assert_queue(queue: dict[str, e.TaskCreated], event: e.Event) -> None:
    if isinstance(event, e.TaskCreated) and event.session_id is None:
        queue[str(event.task_id)] = event
    elif isinstance(event, e.TaskStarted) and event.task_id in queue:
        first = max(queue.values(), key=lambda task: task.priority)  # of equals, the one that came first
        assert queue.pop(event.task_id) is first, "the highest priority goes first, then who came first"
    elif isinstance(event, e.TaskCancelled):
        queue.pop(str(event.task_id), None)
    elif isinstance(event, e.TaskHeld) and event.session_id is None:
        assert queue[str(event.task_id)] is max(queue.values(), key=lambda task: task.priority), "the next one is held"
    elif isinstance(event, e.CodebaseDeleted):
        assert not queue, "nothing waits for an agent that is gone"


def _assert_session(session: _Seen, event: e.Event) -> None:
    assert not session.complete, f"nothing of a session after its end, but {event}"
    _assert_permissions(session, event)
    _assert_task(session, event)
    _assert_agreement(session, event)
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


def _assert_agreement(session: _Seen, event: e.Event) -> None:
    """A task goes where its session goes: of the two events one comes right after the other."""
    status = getattr(event, "status", None)
    if event.topic == "task":
        session.task_status = str(status)
    elif event.topic == "session" and status is not None:
        session.status = str(status)
    else:
        assert GOES_WITH[session.status] == session.task_status, f"{session.status}, its task {session.task_status}"
    if isinstance(event, e.Status) and event.status != "idle":
        assert event.status == session.status, "the agent's status is its session's"


def _assert_permissions(session: _Seen, event: e.Event) -> None:
    if isinstance(event, e.PermissionAsked):
        assert event.permission_id not in session.asked, "a question is asked once"
        session.asked.add(event.permission_id)
    if isinstance(event, e.PermissionAnswering):
        assert event.permission_id in session.asked - session.answered - set(session.wishes), "one answer at a time"
        session.wishes[event.permission_id] = event
    if isinstance(event, e.PermissionReplied):
        assert event.permission_id in session.asked - session.answered, "a question is answered once"
        session.answered.add(event.permission_id)
        wish = session.wishes.pop(event.permission_id, None)
        if event.decided_by in ("user", "auto_approve", "timeout"):
            assert wish, "an answer is in the log before the agent hears it"
            assert _answer(wish) == _answer(event), "what counts is what was wished"


def _answer(event: e.PermissionAnswering | e.PermissionReplied) -> tuple[object, ...]:
    return event.reply, event.decided_by, event.message, event.answers, event.correlation_id


def _assert_task(session: _Seen, event: e.Event) -> None:
    if isinstance(event, e.TaskStarted):
        assert not session.task_started and not session.task_ended, "a task starts once, before its end"
        session.task_started = True
    if isinstance(event, TASK_ENDINGS):
        assert not session.task_ended, "a task ends once"
        assert session.task_started or isinstance(event, e.TaskCancelled), "only what started completes or fails"
        session.task_ended = True
