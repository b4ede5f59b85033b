"""A session as a person reads it: prompts, answers, tools, file changes, decisions, times and costs, in their order.

The story is told from the log alone. Pieces of streamed text are one entry, and a tool's result stands with its call.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import orjson

from ..domain import events as e
from ..domain.ids import Timestamp
from ..domain.wire import UnknownEvent
from .transcript import Parts

Who: TypeAlias = Literal["user", "agent", "thought", "tool", "file", "permission", "session", "task", "status", "error"]


@dataclass(kw_only=True)
class Entry:
    """Something that happened. `title`: in a few words; `text`: what was said or printed, perhaps of many lines."""

    at: Timestamp
    who: Who
    title: str
    text: str = ""
    subagent: bool = False


@dataclass(kw_only=True)
class Totals:
    """What a session used: tokens by kind, and US dollars."""

    tokens: dict[str, int]
    cost: float


class Story:
    """Takes a session's events in order. `entries`: what happened; `totals`: what it used."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.totals = Totals(tokens={}, cost=0.0)
        self._texts: dict[str, tuple[Entry, Parts]] = {}
        self._calls: dict[str, Entry] = {}
        self._asked: dict[str, Entry] = {}

    def take(self, events: Iterable[e.Event]) -> None:
        """Read on."""
        for event in events:
            self._take(event)

    def _take(self, event: e.Event) -> None:
        match event:
            case e.Output():
                self._say(event)
            case e.ToolUse():
                entry = self._add(
                    event, "tool", f"{event.tool} {_short(event.args)}", subagent=event.subagent is not None
                )
                self._calls[event.call_id] = entry
            case e.ToolResult():
                self._end_call(event)
            case e.PermissionAsked():
                asked = f"{event.tool} {_short(event.args)}: asked for leave"
                self._asked[event.permission_id] = self._add(event, "permission", asked)
            case e.PermissionReplied():
                self._settle(event)
            case e.Usage():
                self._use(event)
            case UnknownEvent():
                self._add(
                    event, "status", f"{event.name}, of a kind that this version doesn't know", _raw(event.members)
                )
            case _:
                self._happen(event)

    def _happen(self, event: e.Event) -> None:
        match event:
            case e.MessageSent():
                self._add(event, "user", f"message to {event.agent}", event.content)
            case e.FileChange():
                self._add(event, "file", f"{event.change} {event.path}")
            case e.SessionStarted():
                model = f" on {event.model}" if event.model else ""
                self._add(event, "session", f"started with {event.agent}{model}")
            case e.SessionResumed():
                self._add(event, "session", "resumed")
            case e.SessionInterrupted():
                why = "" if event.reason == "requested" else f" ({event.reason})"
                self._add(event, "session", f"interrupted{why}")
            case e.SessionCompleted() | e.SessionFailed() | e.SessionStopped():
                self._add(event, "session", event.status)
            case e.TaskCreated():
                self._add(event, "task", f"created: {event.title}")
            case e.TaskCompleted():
                self._add(event, "task", "completed", event.result)
            case e.TaskFailed():
                self._add(event, "task", f"failed: {event.code}", event.error)
            case e.Error():
                self._add(event, "error", event.code, event.error)
            case e.Status(attempt=int(attempt)):
                self._add(event, "status", f"attempt {attempt}", event.message)
            case _:
                pass

    def _add(self, event: e.Event, who: Who, title: str, text: str = "", *, subagent: bool = False) -> Entry:
        entry = Entry(at=event.timestamp, who=who, title=title, text=text, subagent=subagent)
        self.entries.append(entry)
        return entry

    def _say(self, event: e.Output) -> None:
        if event.part_id not in self._texts:
            who: Who = "agent" if event.type == "text" else "thought"
            entry = self._add(
                event, who, "answer" if who == "agent" else "reasoning", subagent=event.subagent is not None
            )
            self._texts[event.part_id] = entry, Parts()
        entry, parts = self._texts[event.part_id]
        parts.add(event.part_id, event.content, replaces=bool(event.replaces))
        entry.text = parts.text

    def _end_call(self, event: e.ToolResult) -> None:
        entry = self._calls.get(event.call_id) or self._add(event, "tool", event.tool)
        entry.title += "" if event.status == "completed" else " (failed)"
        entry.text = event.output

    def _settle(self, event: e.PermissionReplied) -> None:
        entry = self._asked.get(event.permission_id) or self._add(event, "permission", event.permission_id)
        entry.title = entry.title.replace(": asked for leave", "") + f": {event.reply}, decided by {event.decided_by}"
        entry.text = event.message or ""

    def _use(self, event: e.Usage) -> None:
        for kind, count in event.tokens.items():
            self.totals.tokens[kind] = self.totals.tokens.get(kind, 0) + count
        self.totals.cost += event.cost


def _raw(members: dict[str, e.Json]) -> str:
    return orjson.dumps(members).decode()


def _short(args: object, length: int = 100) -> str:
    """A tool's arguments on one line."""
    match args:
        case {"command": str(said)} | {"filePath": str(said)} | {"path": str(said)} | {"pattern": str(said)}:
            line = " ".join(said.split())
        case _:
            line = orjson.dumps(args, default=dict).decode()
    return line if len(line) <= length else line[: length - 1] + "…"
