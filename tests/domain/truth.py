"""What must hold of every codebase's history, however it came about."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

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
        self._queue: list[e.TaskCreated] = []

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


def _assert_queue(queue: list[e.TaskCreated], event: e.Event) -> None:
    """`queue`: as a plain list in the order of coming, where a task that is moved is taken out and put in elsewhere."""
    first = max(queue, key=lambda task: task.priority, default=None)  # of equals, the one that stands first
    here = next((task for task in queue if task.task_id == event.task_id), None)
    if isinstance(event, e.TaskCreated) and event.session_id is None:
        queue.append(event)
    elif isinstance(event, e.TaskMoved | e.TaskChanged):
        assert here is not None, "only what waits is changed"
        _rearrange(queue, here, event)
    elif isinstance(event, e.TaskStarted) and here:
        assert here is first, "the highest priority goes first, then who stands first"
        queue.remove(here)
    elif isinstance(event, e.TaskCancelled) and here:
        queue.remove(here)
    elif isinstance(event, e.TaskHeld) and event.session_id is None:
        assert here is first, "the next one is held"
    elif isinstance(event, e.CodebaseDeleted):
        assert not queue, "nothing waits for an agent that is gone"
    elif isinstance(event, e.SessionStarted) and here:
        assert here.prompt == event.prompt, "what starts is what was last asked for"


def _rearrange(queue: list[e.TaskCreated], here: e.TaskCreated, event: e.TaskMoved | e.TaskChanged) -> None:
    place = queue.index(here)
    if isinstance(event, e.TaskChanged):
        queue[place] = replace(here, title=event.title or here.title, prompt=event.prompt or here.prompt)
        return
    del queue[place]
    before = [task.task_id for task in queue].index(event.before) if event.before else len(queue)
    assert before == len(queue) or queue[before].priority == event.priority, "a place is among equals"
    queue.insert(before, replace(here, priority=event.priority))


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
