"""A session as a person reads it: prompts, answers, tools, file changes, decisions and times, in their order.

The log is the only source. Pieces of streamed text become one entry, a tool's result stands with its call, a decision
with its question, and nothing is printed twice. Erased content is shown as erased, with the event that says why.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

import orjson

from ...domain import events as e
from ...domain.erasure.tombstones import MARK, eraser_of
from ...domain.events import imported as o
from ...domain.events.recorded import RecordedEvent
from ...domain.events.wire import UnknownEvent, decode
from ...domain.ids import Position, Sequence, SessionId, TaskId, Timestamp
from .transcript import Message, Parts, imported
from .wording import (
    arguments_in_full,
    arguments_in_short,
    change_of,
    decided,
    interrupted,
    listed,
    name_of,
    questions_of,
    refused_access,
    took,
)

Who: TypeAlias = Literal[
    "user", "agent", "thought", "tool", "file", "permission", "question", "session", "task", "status", "error"
]


class _Line(NamedTuple):
    """What an entry shows of an event."""

    who: Who
    title: str
    text: str = ""


UNREADABLE: Final = "unreadable"
"""The topic of the placeholder for an event that can't be read; its bytes are in a member `bytes`."""

NOT_OURS: Final = "not as the service records it: run `opencode-ledger audit verify`"

AGENTS_OWN: Final = frozenset({"agent", "thought", "tool", "file"})
"""The entries of what only an agent does."""

_REPEATED: Final = ("prompt", "result", "error", "summary")
"""Members whose text other events may have too: a message, an answer, an error."""


@dataclass(kw_only=True)
class Entry:
    """Something that happened.

    - `title`: a few words; `text`: what was said or printed, perhaps many lines.
    - `given`: all of a tool's arguments; `change`: the change that they ask for, as lines of a diff.
    - `open`: what is still missing. `helper`: a subagent did it.
    - `events`: the events behind the entry; `repeats`: some have text that another entry shows.
    - `by`: who caused it, where that is on record.
    - `erased`: the positions of the erasures that removed parts of it.
    - `whole`: the tool result, where the tool printed more than it has.
    """

    at: Timestamp
    who: Who
    title: str
    text: str = ""
    given: str = ""
    change: tuple[str, ...] = ()
    open: str = ""
    helper: bool = False
    repeats: bool = False
    by: str = ""
    events: list[tuple[Sequence, Position]] = field(default_factory=list[tuple[Sequence, Position]])
    erased: dict[Position, None] = field(default_factory=dict[Position, None])
    whole: e.ToolResult | o.OutputImported | None = None


class Story:
    """Takes a codebase's events in order. `entries`: what happened in one session; `task`: the task that it worked on."""

    def __init__(self, session: SessionId, task: TaskId | None = None) -> None:
        self.entries: list[Entry] = []
        self._session, self._task = session, task
        self._texts: dict[str, tuple[Entry, Parts, str]] = {}
        self._calls: dict[str, Entry] = {}
        self._asked: dict[str, tuple[Entry, e.PermissionAsked]] = {}
        self._sent: dict[str, Entry] = {}
        self._imported: dict[str, list[Entry]] = {}
        self._printed: dict[tuple[str, str], Entry] = {}

    def take(self, events: Iterable[RecordedEvent]) -> None:
        """Take the next events."""
        for recorded in events:
            event = decode(recorded)
            # A task that waited was created before it had a session.
            if event.session_id == self._session or (self._task and event.task_id == self._task):
                for entry in self._readable_entries(event, recorded):
                    words = {str(getattr(event, name, "") or "").strip() for name in _REPEATED} - {""}
                    entry.repeats = entry.repeats or any(said not in entry.text for said in words)
                    self._mark(entry, event, recorded)

    def _readable_entries(self, event: e.Event, recorded: RecordedEvent) -> list[Entry]:
        """The entries of an event, or its raw bytes: one changed event must not hide the rest of the log."""
        try:
            return self._entries_of(event)
        except (AttributeError, KeyError, TypeError, ValueError):
            raw = recorded.data.decode(errors="replace")
            return [self._add(event, "error", f"an event {recorded.topic!r} that is {NOT_OURS}", raw)]

    def _mark(self, entry: Entry, event: e.Event, recorded: RecordedEvent) -> None:
        """Note the event behind an entry, who caused it, and whether its content was erased."""
        entry.events.append((recorded.sequence, recorded.position))
        # What an agent does is its own, also where somebody's stop cut it off.
        entry.by = entry.by if entry.who in AGENTS_OWN else name_of(event) or entry.by
        if (eraser := eraser_of(recorded.data)) is not None:
            entry.erased[eraser] = None
            entry.title, entry.text = (
                said.replace(MARK, "").strip(": \n").replace("  ", " ") for said in (entry.title, entry.text)
            )

    def _entries_of(self, event: e.Event) -> list[Entry]:
        """The entries that an event begins or continues."""
        match event:
            case e.Output():
                return [self._say(event)]
            case e.ToolUse():
                return [self._call(event)]
            case e.ToolResult():
                return [self._end_call(event)]
            case e.PermissionAsked():
                return [self._ask(event)]
            case e.PermissionReplied():
                return [self._settle(event)]
            case e.MessageSent() | e.MessageDelivered():
                return self._send(event)
            case o.MessageImported():
                return self._import(event)
            case o.OutputImported():
                return self._print(event)
            case e.Complete():
                return self._sum_up(event)
            case UnknownEvent():
                raw = orjson.dumps(event.members).decode()
                if event.name == UNREADABLE:
                    return [self._add(event, "error", f"an event that is {NOT_OURS}", str(event.members.get("bytes")))]
                return [self._add(event, "status", f"{event.name}, an event kind that this version does not know", raw)]
            case _:
                line = self._line(event)
                return [self._add(event, *line)] if line else []

    def _line(self, event: e.Event) -> _Line | None:
        """The line of an event that is an entry by itself."""
        match event:
            case e.FileChange() | e.FileDiff():
                return _of_file(event)
            case e.TaskCreated():
                return _Line("task", f"created{listed([event.title])}")
            case e.TaskCompleted():
                return _Line("task", "completed", self._news(event.result))
            case e.TaskFailed():
                return _Line("task", f"failed: {event.code}", self._news(event.error))
            case e.TaskChanged() | e.TaskMoved() | e.TaskHeld():
                return _of_queue(event)
            case e.TaskCancelled():
                return _Line("task", "cancelled")
            case e.AccessRefused():
                return _Line("status", refused_access(event), "\n".join(event.calls))
            case e.Error():
                return _Line("error", event.code, event.error)
            case e.Status(about="files"):
                return _Line("status", "file changes that are not listed", event.message)
            case e.Status(attempt=int(attempt)):
                return _Line("status", f"attempt {attempt}", event.message)
            case _:
                return _of_session(event)

    def _news(self, text: str) -> str:
        """A text, unless an entry shows it already."""
        return "" if any(entry.text.strip() == text.strip() for entry in self.entries) else text

    def _add(self, event: e.Event, who: Who, title: str, text: str = "", *, helper: bool = False) -> Entry:
        entry = Entry(at=event.timestamp, who=who, title=title, text=text, helper=helper)
        self.entries.append(entry)
        return entry

    def _say(self, event: e.Output) -> Entry:
        """A piece of text. Consecutive parts of one message are one entry."""
        who: Who = "agent" if event.type == "text" else "thought"
        source = f"{event.type} {event.message_id} {event.subagent}"
        if event.part_id not in self._texts:
            before = next(reversed(self._texts.values()), None)
            if before is None or before[0] is not self.entries[-1] or before[2] != source:
                title = "answer" if who == "agent" else "reasoning"
                before = self._add(event, who, title, helper=event.subagent is not None), Parts(), source
            self._texts[event.part_id] = before
        entry, parts, _ = self._texts[event.part_id]
        parts.add(event.part_id, event.content, replaces=bool(event.replaces))
        entry.text = parts.text
        return entry

    def _call(self, event: e.ToolUse) -> Entry:
        title = f"{event.tool} {arguments_in_short(event.args)}".rstrip()
        entry = self._add(event, "tool", title, helper=event.subagent is not None)
        entry.given, entry.change, entry.open = (
            arguments_in_full(event.args),
            tuple(change_of(event.args)),
            "no result yet",
        )
        self._calls[event.call_id] = entry
        return entry

    def _end_call(self, event: e.ToolResult) -> Entry:
        entry = self._calls.get(event.call_id) or self._add(event, "tool", event.tool)
        how = ["failed"] if event.status == "error" else []
        how += [f"exit {event.exit_code}"] if event.exit_code else []
        how += [lasted] if (lasted := took(entry.at, event.timestamp)) else []
        entry.title += f" ({', '.join(how)})" if how else ""
        entry.text, entry.open = event.output, ""
        entry.whole = event if event.whole_id or event.whole_missing else None
        return entry

    def _ask(self, event: e.PermissionAsked) -> Entry:
        until = f", until {event.expires_at[11:19]}" if event.expires_at else ""
        if event.kind == "question":
            entry = self._add(event, "question", "asked", "\n".join(questions_of(event.args, None)))
        else:
            entry = self._add(event, "permission", f"{event.tool} {arguments_in_short(event.args)}".rstrip())
            entry.given = arguments_in_full(event.args)
        entry.open, entry.helper = f"not decided yet{until}", event.subagent is not None
        self._asked[event.permission_id] = entry, event
        return entry

    def _settle(self, event: e.PermissionReplied) -> Entry:
        entry, asked = self._asked.get(event.permission_id, (None, None))
        entry = entry or self._add(event, "permission", event.permission_id)
        how = decided(event, asked.timestamp if asked else None)
        if asked and asked.kind == "question":
            entry.title, entry.text = how, "\n".join(questions_of(asked.args, event.answers))
        else:
            entry.title += f": {how}"
        entry.text, entry.open = "\n".join(filter(None, (entry.text, event.message))), ""
        return entry

    def _send(self, event: e.MessageSent | e.MessageDelivered) -> list[Entry]:
        if isinstance(event, e.MessageDelivered):
            if entry := self._sent.get(event.message_id):
                entry.open = ""
            return []
        kind = "message" if self._sent else "prompt"
        model = f" on {event.model}" if event.model else ""
        entry = self._sent[event.message_id] = self._add(
            event, "user", f"{kind} to {event.agent}{model}", event.content
        )
        entry.open = "not delivered to the agent yet"
        return [entry]

    def _sum_up(self, event: e.Complete) -> list[Entry]:
        """The agent's last words stand with the session's end, where no entry shows them yet."""
        last = next((entry for entry in reversed(self.entries) if entry.who == "session"), None)
        if last is not None:
            last.text = self._news(event.summary)
        return [last] if last else []

    def _import(self, event: o.MessageImported) -> list[Entry]:
        """An imported message. Imported again, it replaces its earlier entries."""
        message = imported(event)
        made = list(_imported_entries(message, event))
        calls = [entry for entry in made if entry.who == "tool"]
        self._printed |= {(message.id, call.call_id): entry for entry, call in zip(calls, message.tools, strict=True)}
        old = self._imported.get(event.message_id, [])
        place = self.entries.index(old[0]) if old else len(self.entries)
        self.entries = [entry for entry in self.entries if entry not in old]
        self.entries[place:place] = self._imported[event.message_id] = made
        return made

    def _print(self, event: o.OutputImported) -> list[Entry]:
        """The whole output of an imported message's call, where the message has only a part of it."""
        entry = self._printed.get((event.message_id, event.call_id)) or self._add(event, "tool", event.tool)
        entry.whole = event
        return [entry]


def _imported_entries(message: Message, event: o.MessageImported) -> Iterable[Entry]:
    at = message.timestamp
    if message.role == "user":
        yield Entry(at=at, who="user", title="message (imported)", text=message.content)
        return
    if message.reasoning:
        yield Entry(at=at, who="thought", title="reasoning", text=message.reasoning)
    for call in message.tools:
        failed = " (failed)" if call.status == "error" else ""
        title = f"{call.tool} {arguments_in_short(call.args)}".rstrip() + failed
        change, given = tuple(change_of(call.args)), arguments_in_full(call.args)
        yield Entry(at=at, who="tool", title=title, text=call.output or "", given=given, change=change)
    if message.content or event.error or not (message.reasoning or message.tools):
        ended = f", ended by {event.error}" if event.error else ""
        yield Entry(at=at, who="agent", title=f"answer (imported){ended}", text=message.content)


def _of_file(event: e.FileChange | e.FileDiff) -> _Line:
    """A file that changed, or what became of its lines."""
    if isinstance(event, e.FileDiff):
        return _Line("file", f"difference of {event.path} +{event.additions} -{event.deletions}", event.diff or "")
    return _Line("file", f"{event.change} {event.path}" + (" (percent-encoded)" if event.path_encoding else ""))


def _of_queue(event: e.TaskChanged | e.TaskMoved | e.TaskHeld) -> _Line:
    """What happens to a task that waits."""
    match event:
        case e.TaskChanged():
            return _Line("task", f"changed{listed([event.title] if event.title else [])}", event.prompt or "")
        case e.TaskMoved():
            return _Line("task", f"moved in the queue, priority {event.priority}")
        case e.TaskHeld():
            return _Line("task", f"cannot start yet: {event.code}", event.message)


def _of_session(event: e.Event) -> _Line | None:
    """The line of a session event."""
    match event:
        case e.SessionStarted():
            model = f" on {event.model}" if event.model else ""
            files = f"with the files{listed(event.files)}" if event.files else ""
            return _Line("session", f"started with {event.agent}{model}{_waits(event.waiting)}", files)
        case e.SessionAdmitted():
            return _Line("session", "a slot is free: the agent starts")
        case e.SessionResumed():
            return _Line("session", f"resumed{_waits(event.waiting)}")
        case e.SessionInterrupting():
            return _Line("session", "interrupt requested")
        case e.SessionInterrupted():
            return _Line("session", interrupted(event.reason))
        case e.SessionStopping():
            return _Line("session", "stop requested")
        case e.SessionCompleted(finish=str(finish)):
            return _Line("session", f"completed; the last answer is truncated ({finish})")
        case e.SessionCompleted() | e.SessionFailed() | e.SessionStopped():
            return _Line("session", event.status)
        case o.SessionImported():
            return _Line("session", f"imported{listed([event.title] if event.title else [])}")
        case o.SessionExtended():
            return _Line("session", "continued outside opencode-ledger")
        case _:
            return None


def _waits(waiting: bool) -> str:
    return ", waiting for other agents to finish" if waiting else ""
