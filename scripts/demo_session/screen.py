"""What a person sees of the event stream: each kind of event in its own dress, text as it comes."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, cast

from rich.text import Text

from opencode_ledger.domain.visible_text import one_line, visible, visible_prose

from .client import Frame
from .diffs import FileWatch
from .flow import Page

_COLOURS: Final = {"running": "cyan", "idle": "green", "interrupted": "magenta"}
_CHANGES: Final = {"create": "green", "modify": "cyan", "delete": "red"}
_SHOWN_LINES: Final = 7
_NOISE: Final = re.compile(r"[\s.=-]*|</?\w+>|\(no output\)")
"""Lines of a tool's output without meaning for a person: rules, rows of dots, the agent's own marks."""


class Screen:
    """Shows events of one codebase, whose files are in `project`."""

    def __init__(self, page: Page, project: Path) -> None:
        self.page = page
        self._files = FileWatch(project)
        self._part = ""
        self._shows: dict[str, Callable[[Frame], None]] = {
            "output": self._output,
            "tool_use": self._tool_use,
            "tool_result": self._tool_result,
            "file_change": self._file_change,
            "message_sent": self._message_sent,
            "status": self._status,
            "complete": self._complete,
            "error": self._error,
            "usage": self._nothing,  # part of the stream and of the log, too much for a demo
            "message_delivered": self._nothing,
            "task": self._nothing,
        }

    def show(self, frame: Frame) -> None:
        """Show one event."""
        if frame.event != "output":
            self._part = ""
        self._shows.get(frame.event, self._other)(frame)

    def _nothing(self, frame: Frame) -> None:
        pass

    def _output(self, frame: Frame) -> None:
        if frame.text("part_id") != self._part:
            self.page.end_line()
            self._part = frame.text("part_id")
        thinking = frame.text("type") == "reasoning"
        self.page.flow(visible_prose(frame.text("content"), keep="\n"), "dim italic" if thinking else "", frame.id)

    def _tool_use(self, frame: Frame) -> None:
        arguments = cast("Mapping[str, object]", frame.data.get("args", {}))
        sign = self.page.glyph("▸", ">")
        parts = (
            (f"{sign} {frame.shown('tool')} ", "bold cyan"),
            (one_line(_in_short(frame.text("tool"), arguments)), "bold"),
        )
        self.page.line(Text.assemble(*parts), frame.id)

    def _tool_result(self, frame: Frame) -> None:
        failed = frame.text("status") == "error"
        output = [line for line in frame.text("output").split("\n") if not _NOISE.fullmatch(line)]
        if frame.text("tool") == "read" and not failed:
            self.page.aside(f"{sum(_is_numbered(line) for line in output)} lines read", "dim")
        elif frame.text("tool") == "bash" or failed:
            for line in output[:_SHOWN_LINES]:
                self.page.aside(visible(line), "red" if failed else "dim")

    def _file_change(self, frame: Frame) -> None:
        action, path = frame.text("action"), frame.text("path")
        sign = {"create": "+", "modify": "~", "delete": "-"}.get(action, "?")
        self.page.line(Text(f"{sign} {action} {one_line(path)}", _CHANGES.get(action, "")), frame.id)
        for line in self._files.news(path)[:_SHOWN_LINES]:
            self.page.aside(visible(line), "green" if line.startswith("+") else "red")

    def _message_sent(self, frame: Frame) -> None:
        quote = self.page.glyph("“{}”", '"{}"').format(visible_prose(frame.text("content")))
        self.page.line(Text(f"you: {quote}", "magenta"), frame.id)

    def _status(self, frame: Frame) -> None:
        status = frame.text("status")
        sign = self.page.glyph("●", "*")
        colour = _COLOURS.get(status, "")
        parts = (f"{sign} {status}", f"bold {colour}"), (f"  {frame.shown('message')}", colour)
        self.page.line(Text.assemble(*parts), frame.id)

    def _complete(self, frame: Frame) -> None:
        status = frame.text("status")
        sign, colour = (self.page.glyph("✔", "="), "green") if status == "completed" else ("-", "magenta")
        self.page.line(Text(f"{sign} complete: {status}", f"bold {colour}"), frame.id)

    def _error(self, frame: Frame) -> None:
        self.page.line(Text(f"! {frame.shown('error')} ({frame.text('code')})", "bold red"), frame.id)

    def _other(self, frame: Frame) -> None:
        about = frame.text("session_id") or frame.text("codebase_id")
        self.page.line(Text(f"{frame.event} {frame.text('action')}  {about}".rstrip(), "dim"), frame.id)


def _in_short(tool: str, arguments: Mapping[str, object]) -> str:
    match tool, arguments:
        case "bash", {"command": str(command)}:
            return f"$ {command}"
        case _, {"filePath": str(path)}:
            return path
        case _:
            return json.dumps(arguments)[:60]


def _is_numbered(line: str) -> bool:
    return line.partition(":")[0].isdigit()
