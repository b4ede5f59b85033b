"""All codebases at once: a line for each thing that happens, as far as it can be said on one line. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ....domain import events as e
from ....domain.events.wire import UnknownEvent
from ..layout.amounts import words
from ..layout.paper import short
from .totals import Totals
from .words import Said, asks, decision, news, outcome, speaker, tool_words


@dataclass
class OneLiners:
    """Takes the events of one codebase in order. `directory`: where its files are. `identity`: how an id is printed."""

    directory: str = ""
    identity: Callable[[str], str] = short
    _text: list[str] = field(default_factory=list[str])
    _speaker: str = ""
    _calls: dict[str, e.ToolUse] = field(default_factory=dict[str, e.ToolUse])
    _totals: Totals = field(default_factory=Totals)

    def lines(self, event: e.Event, number: int) -> Iterator[Said]:
        """The lines for the next event. Text that comes in pieces is one line, once it is whole."""
        if isinstance(event, e.SessionStarted):
            self._totals = Totals()
        self._totals.take(event, number)
        if isinstance(event, e.Output):
            if event.type == "text":
                if event.part_id != self._speaker:
                    yield from self._spoken()
                self._speaker = event.part_id
                self._text.append(event.content)
            return
        if not isinstance(event, e.Usage | e.MessageDelivered):
            yield from self._spoken()
        if (line := self._line(event)) is not None:
            yield line

    def _spoken(self) -> Iterator[Said]:
        said = words("".join(self._text))
        self._text.clear()
        if said:
            yield Said("agent", said)

    def _line(self, event: e.Event) -> Said | None:
        match event:
            case e.MessageSent():
                return Said(speaker(event.by), words(event.content), "green")
            case e.ToolUse():
                self._calls[event.call_id] = event
                return None
            case e.ToolResult():
                return self._ended(event)
            case e.PermissionAsked():
                answer = "answer" if event.kind == "question" else "approve"
                return Said(
                    "! asks",
                    f"{asks(event)}   permissions {answer} {self.identity(event.permission_id)}",
                    "bold yellow",
                )
            case e.PermissionReplied():
                return Said("", decision(event), "yellow")
            case e.Complete():
                style = {"completed": "green", "failed": "red"}.get(event.status, "magenta")
                return Said({"completed": "✔", "failed": "✗"}.get(event.status, "·"), self._totals.sentence, style)
            case UnknownEvent():
                return Said("", event.name, "dim")
            case _:
                return news(event)

    def _ended(self, event: e.ToolResult) -> Said:
        use = self._calls.pop(event.call_id, None)
        use = use or e.ToolUse(tool=event.tool, args={}, call_id=event.call_id, timestamp=event.timestamp)
        how, style = outcome(use, event)
        return Said(use.tool, f"{tool_words(use, self.directory)}  {how}", style if style == "red" else "")
