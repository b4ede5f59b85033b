"""What a person sees of a session: each kind of event in its own dress, text as it comes."""

from collections.abc import Callable
from typing import Final

from rich.text import Text

from ....domain import events as e
from ....domain.events.wire import UnknownEvent
from ....domain.visible_text import one_line, visible, visible_prose
from ..layout.amounts import now, remaining
from ..layout.asked import parts_of
from .page import LABEL, Page
from .totals import Totals
from .words import (
    LINES,
    Said,
    asks,
    change_lines,
    counted_change,
    decision,
    news,
    outcome,
    printed_lines,
    speaker,
    tool_words,
)

ENDINGS: Final = {"completed": ("✔", "=", "green"), "failed": ("✗", "x", "red"), "stopped": ("■", "-", "magenta")}


class View:
    """Shows the events of one codebase, whose files are in `directory` on the machine of the service.

    `totals`: of the session, counted by the caller. `lines`: how many are shown of what a tool changed or printed. `hint`: says how a request can be answered. `folded`: nothing of what
    tools changed or printed is shown.
    """

    def __init__(
        self,
        page: Page,
        directory: str = "",
        *,
        totals: Totals | None = None,
        lines: int | None = None,
        hint: Callable[[e.PermissionAsked], str] | None = None,
    ) -> None:
        self.page, self.folded = page, False
        self.totals = totals or Totals()
        self._directory, self._hint, self._lines = directory, hint, lines or LINES
        self._part = ""
        self._calls: dict[str, e.ToolUse] = {}
        self._open: str | None = None
        self._unshown: dict[str, e.ToolUse] = {}
        self._edited: set[str] = set()
        self._asked_about: set[str] = set()

    def show(self, event: e.Event, number: int = 0) -> None:
        """Show one event."""
        if not isinstance(event, e.Output):
            self._part = ""
        if self._open is not None and not self._leaves_open(event):
            self.page.end_line()
            self._open = None
        self._show(event, number)

    def _show(self, event: e.Event, number: int) -> None:
        match event:
            case e.Output():
                self._output(event, number)
            case e.MessageSent():
                self.said(speaker(event.by), event.content, number)
            case e.ToolUse():
                self._tool_use(event, number)
            case e.ToolResult():
                self._tool_result(event, number)
            case e.FileChange() if event.path in self._edited:
                pass
            case e.PermissionAsked():
                self._asked(event, number)
            case e.PermissionReplied():
                self.page.line("", Text(one_line(decision(event)), "yellow"), number)
            case e.Complete():
                self._complete(event, number)
            case UnknownEvent():
                self.page.line("", Text(one_line(f"{event.name} {event.members.get('action') or ''}".strip()), "dim"))
            case _:
                if (line := news(event)) is not None:
                    self.note(line, number)

    def note(self, line: Said, number: int | None = None) -> None:
        """Show a line by itself."""
        self.page.line(line.label, Text(visible_prose(line.text, keep=""), line.style), number)

    def said(self, who: str, text: str, number: int | None = None) -> None:
        """Show what a person said."""
        self.page.end_line()
        self.page.flow(one_line(who), visible_prose(text.strip(), keep="\n"), "green", number)
        self.page.end_line()

    def _output(self, event: e.Output, number: int) -> None:
        if event.part_id != self._part:
            self.page.end_line()
            self._part = event.part_id
        thinks = event.type == "reasoning"
        label = "thinks" if thinks else "helper" if event.subagent else "agent"
        self.page.flow(label, visible_prose(event.content, keep="\n"), "dim italic" if thinks else "", number)

    def _tool_use(self, event: e.ToolUse, number: int) -> None:
        self._calls[event.call_id] = event
        if event.tool == "question" or event.call_id in self._asked_about:
            return  # what the agent asks about it stands there already
        path = event.args.get("filePath")
        if counted_change(event) and isinstance(path, str):
            self._edited.add(path.removeprefix(f"{self._directory}/"))
        if self._open is None:
            self._open_line(event, number)
        else:
            self._unshown[event.call_id] = event  # of several at a time one has the open line

    def _open_line(self, use: e.ToolUse, number: int) -> None:
        self.page.open_line(_label(use), tool_words(use, self._directory), number)
        self._open = use.call_id

    def _tool_result(self, event: e.ToolResult, number: int) -> None:
        use = self._calls.pop(event.call_id, None)
        self._unshown.pop(event.call_id, None)
        if event.tool == "question" and event.status == "completed":
            return
        use = use or e.ToolUse(tool=event.tool, args={}, call_id=event.call_id, timestamp=event.timestamp)
        if self._open != event.call_id:
            self.page.open_line(_label(use), tool_words(use, self._directory), number)
        self._open = None
        self.page.close_line(Text(*outcome(use, event)))
        if not self.folded:
            self._details(use, event)
        if self._unshown:
            self._open_line(self._unshown.pop(next(iter(self._unshown))), number)

    def _leaves_open(self, event: e.Event) -> bool:
        """Whether a tool's line stays open: its result has come, or what shows nothing."""
        match event:
            case e.ToolResult():
                return event.call_id == self._open
            case e.FileChange():
                return event.path in self._edited
            case _:
                return isinstance(event, e.ToolUse | e.Usage | e.MessageDelivered | e.PermissionAnswering)

    def _details(self, use: e.ToolUse, event: e.ToolResult) -> None:
        """What the call changed or printed."""
        for line in change_lines(use)[: self._lines] if event.status == "completed" else ():
            self.page.aside(visible(line), "green" if line.startswith("+") else "red")
        for line in printed_lines(event)[: self._lines]:
            self.page.aside(line, "red" if event.status == "error" else "dim")

    def _asked(self, event: e.PermissionAsked, number: int) -> None:
        self._asked_about.add(event.call_id or "")
        until = f"  expires in {remaining(event.expires_at, now())}" if event.expires_at else ""
        if event.kind == "question":
            self.page.line("! asks", Text.assemble(("a question", "bold yellow"), (until, "dim")), number)
            self._question(event)
        else:
            self.page.line("! asks", Text.assemble((asks(event), "bold yellow"), (until, "dim")), number)
        if self._hint is not None:
            self.page.line("", Text(self._hint(event), "dim"))

    def _question(self, event: e.PermissionAsked) -> None:
        for part in parts_of(event.args):
            self.page.line("", Text(visible_prose(part.question, keep=""), "yellow"))
            for place, choice in enumerate(part.choices, start=1):
                about = f"  {choice.description}" if choice.description not in ("", choice.label) else ""
                label = visible_prose(choice.label, keep="")
                self.page.line("", Text.assemble(f"  {place}  ", (label, "bold"), (one_line(about), "dim")))

    def _complete(self, event: e.Complete, number: int) -> None:
        nice, plain, style = ENDINGS.get(event.status, ("-", "-", ""))
        self.page.plain()
        sentence = Text.assemble((f"{self.page.glyph(nice, plain)} ", style), (self.totals.sentence, style))
        for line in sentence.wrap(self.page.console, self.page.width):
            self.page.plain(line)


def _label(use: e.ToolUse) -> str:
    return f"  {one_line(use.tool)}"[: LABEL - 1]
