"""The messages of a session, folded from its events: who said what, and which tools were used on the way.

Nothing of it is stored: the log is read when somebody asks, so a transcript is exactly what the log holds, at the
moment that was asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ..domain import events as e
from ..domain.ids import Timestamp


@dataclass(kw_only=True)
class ToolCall:
    """A tool call of a message. `status` is None while it runs."""

    call_id: str
    tool: str
    args: dict[str, e.Json]
    status: Literal["completed", "error"] | None = None
    output: str | None = None


@dataclass(kw_only=True)
class Message:
    """A user's message, or one step of the agent's: its text, its reasoning, its tool calls."""

    id: str
    role: Literal["user", "assistant"]
    timestamp: Timestamp
    parts: dict[str, str] = field(default_factory=dict[str, str])
    thoughts: dict[str, str] = field(default_factory=dict[str, str])
    tools: list[ToolCall] = field(default_factory=list[ToolCall])

    @property
    def content(self) -> str:
        """The whole text, its parts joined in their order."""
        return "".join(self.parts.values())

    @property
    def reasoning(self) -> str:
        """What the agent thought aloud."""
        return "".join(self.thoughts.values())


class Transcript:
    """Takes a session's events in order; `messages` are in the order in which they began. Subagents' are left out."""

    def __init__(self) -> None:
        self._messages: dict[str, Message] = {}
        self._calls: dict[str, ToolCall] = {}

    @property
    def messages(self) -> list[Message]:
        """What was said so far."""
        return list(self._messages.values())

    def take(self, events: Iterable[e.Event]) -> None:
        """Read on."""
        for event in events:
            match event:
                case e.MessageSent():
                    self._message(event.message_id, "user", event.timestamp).parts[""] = event.content
                case e.Output(subagent=None):
                    self._say(event)
                case e.ToolUse(subagent=None):
                    self._begin(event)
                case e.ToolResult(call_id=call_id) if call_id in self._calls:
                    call = self._calls[call_id]
                    call.status, call.output = event.status, event.output
                case _:
                    pass

    def _say(self, event: e.Output) -> None:
        message = self._message(event.message_id, "assistant", event.timestamp)
        texts = message.parts if event.type == "text" else message.thoughts
        before = "" if event.replaces else texts.get(event.part_id, "")
        texts[event.part_id] = before + event.content

    def _begin(self, event: e.ToolUse) -> None:
        last = next(reversed(self._messages), event.call_id)
        message = self._message(event.message_id or last, "assistant", event.timestamp)
        call = ToolCall(call_id=event.call_id, tool=event.tool, args=dict(event.args))
        self._calls[event.call_id] = call
        message.tools.append(call)

    def _message(self, name: str, role: Literal["user", "assistant"], at: Timestamp) -> Message:
        return self._messages.setdefault(name, Message(id=name, role=role, timestamp=at))
