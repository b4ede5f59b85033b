"""The messages of a session, folded from its events: who said what, and which tools were used.

No transcript is stored. The log is read on each request, so a transcript is exactly what the log holds at that moment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ...domain import events as e
from ...domain.events import imported as o
from ...domain.ids import Timestamp


class Parts:
    """Text that arrives in pieces of parts; the parts are in the order in which they began."""

    def __init__(self) -> None:
        self._pieces: dict[str, list[str]] = {}

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(piece for pieces in self._pieces.values() for piece in pieces)

    def add(self, part: str, piece: str, *, replaces: bool = False) -> None:
        """Add a piece. `replaces`: it replaces all earlier pieces of its part."""
        pieces = self._pieces.setdefault(part, [])
        if replaces:
            pieces.clear()
        pieces.append(piece)


@dataclass(kw_only=True)
class ToolCall:
    """A tool call of a message. `status`: None while it runs. `whole`: its result, where the tool printed more than that has."""

    call_id: str
    tool: str
    args: dict[str, e.Json]
    status: Literal["completed", "error"] | None = None
    output: str | None = None
    whole: e.ToolResult | o.OutputImported | None = None


@dataclass(kw_only=True)
class Message:
    """A user's message, or one step of the agent: its text, its reasoning, its tool calls.

    `imported`: it comes from outside opencode-ledger; `error`: why such a message ended early. `model`: the model that
    wrote it, or that it was sent to; None where it isn't on record. `by`, `via`: who sent it.
    """

    id: str
    role: Literal["user", "assistant"]
    timestamp: Timestamp
    imported: bool = False
    error: str | None = None
    model: str | None = None
    by: str | None = None
    via: str | None = None
    parts: Parts = field(default_factory=Parts)
    thoughts: Parts = field(default_factory=Parts)
    tools: list[ToolCall] = field(default_factory=list[ToolCall])

    @property
    def content(self) -> str:
        """The whole text: all parts in their order."""
        return self.parts.text

    @property
    def reasoning(self) -> str:
        """The agent's reasoning."""
        return self.thoughts.text


class Transcript:
    """Takes a session's events in order. `messages` are in the order in which they began, without those of subagents."""

    def __init__(self) -> None:
        self._messages: dict[str, Message] = {}
        self._calls: dict[str, ToolCall] = {}
        self._model: str | None = None
        self._at_work: str | None = None

    @property
    def messages(self) -> list[Message]:
        """The messages so far, by time: an imported message is recorded later than it was said."""
        for message in self._messages.values():
            if not message.imported:  # what names no model is the session's, which may be known only later
                message.model = message.model or self._model
        return sorted(self._messages.values(), key=lambda message: message.timestamp)

    def take(self, events: Iterable[e.Event]) -> None:
        """Take the next events."""
        for event in events:
            match event:
                case e.SessionStarted() | e.SessionLinked():
                    self._model = self._model or event.model
                case e.MessageSent():
                    self._send(event)
                case e.MessageDelivered():
                    sent = self._messages.get(event.message_id)
                    self._at_work = sent.model if sent else self._at_work
                case e.Output(subagent=None):
                    self._say(event)
                case e.ToolUse(subagent=None):
                    self._begin(event)
                case e.ToolResult(call_id=call_id) if call_id in self._calls:
                    call = self._calls[call_id]
                    call.status, call.output = event.status, event.output
                    call.whole = event if event.whole_id or event.whole_missing else None
                case o.MessageImported():
                    self._messages[event.message_id] = imported(event)
                case o.OutputImported():
                    self._print(event)
                case _:
                    pass

    def _print(self, event: o.OutputImported) -> None:
        message = self._messages.get(event.message_id)
        for call in message.tools if message else ():
            if call.call_id == event.call_id:
                call.whole = event

    def _send(self, event: e.MessageSent) -> None:
        message = self._message(event.message_id, "user", event.timestamp)
        message.parts.add("", event.content)
        message.model, message.by, message.via = event.model, event.by, event.via

    def _say(self, event: e.Output) -> None:
        message = self._message(event.message_id, "assistant", event.timestamp)
        texts = message.parts if event.type == "text" else message.thoughts
        texts.add(event.part_id, event.content, replaces=bool(event.replaces))

    def _begin(self, event: e.ToolUse) -> None:
        message = self._message(event.message_id or self._speaking(event), "assistant", event.timestamp)
        call = ToolCall(call_id=event.call_id, tool=event.tool, args=dict(event.args))
        self._calls[event.call_id] = call
        message.tools.append(call)

    def _speaking(self, event: e.ToolUse) -> str:
        """The message of a call that names none: the agent's last message, unless the user has spoken since."""
        last = next(reversed(self._messages.values()), None)
        return last.id if last and last.role == "assistant" else event.call_id

    def _message(self, name: str, role: Literal["user", "assistant"], at: Timestamp) -> Message:
        return self._messages.setdefault(name, Message(id=name, role=role, timestamp=at, model=self._at_work))


def imported(event: o.MessageImported) -> Message:
    """An imported message, as its event describes it."""
    message = Message(
        id=event.message_id,
        role=event.role,
        timestamp=event.created_at,
        imported=True,
        error=event.error,
        model=event.model,
    )
    message.parts.add("", event.content)
    message.thoughts.add("", event.reasoning or "")
    message.tools += [_call(call) for call in event.tools or ()]
    return message


def _call(call: Mapping[str, e.Json]) -> ToolCall:
    args, status, output = call.get("args"), call.get("status"), call.get("output")
    return ToolCall(
        call_id=str(call.get("call_id", "")),
        tool=str(call.get("tool", "")),
        args=args if isinstance(args, dict) else {},
        status="completed" if status == "completed" else "error" if status == "error" else None,
        output=output if isinstance(output, str) else None,
    )
