"""What a person reads of an event: pure functions from events to words, for the live view and for one line each."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ....domain import events as e
from ....domain.visible_text import one_line, visible
from ....projections.story.wording import change_of, interrupted, listed, refused_access, took
from ..layout.amounts import words
from ..layout.asked import about, in_short

LINES: Final = 7
"""The lines that are shown of what a tool printed or changed."""

_NOISE: Final = re.compile(r"[\s.=-]*|</?\w+>|\(no output\)")
"""Lines of a tool's output without meaning for a person: rules, rows of dots, the agent's own marks."""

_REPLIES: Final = {"once": "allowed once", "always": "always allowed", "reject": "rejected"}
_DECIDERS: Final[Mapping[str, str]] = {
    "user": "",
    "auto_approve": "automatically",
    "timeout": "because nobody answered in time",
    "interrupt": "by the end of the run",
    "agent": "by the agent itself",
}


class Said(NamedTuple):
    """A line: its label, its words, and the style of these."""

    label: str
    text: str
    style: str = ""


def speaker(by: str | None) -> str:
    """Who said something, as a label: without tokens it can only be the person who looks."""
    if by in (None, "local"):
        return "you"
    return "user" if by.startswith(("token:", "uid:")) else by


def by_whom(by: str | None) -> str:
    """Who caused something, with a blank before it. Empty where no name says more than that a person of this machine did."""
    return "" if by in (None, "local") else f" by {one_line(by)}"


def tool_words(use: e.ToolUse, directory: str) -> str:
    """What a tool call is about, on one line; paths inside the codebase are relative to it."""
    said = about(use.args)
    return one_line(said.removeprefix(f"{directory}/") if directory else said)


def change_lines(use: e.ToolUse) -> list[str]:
    """The change that a tool call asks for: lines that begin with + and -, blank ones left out."""
    return [line for line in change_of(use.args) if line[:1] in "+-" and line[1:].strip()]


def counted_change(use: e.ToolUse) -> str:
    """The numbers of lines that a tool call adds and removes; empty if it changes no file."""
    lines = list(change_of(use.args))
    if not lines:
        return ""
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return " ".join([f"+{added}"] * bool(added) + [f"-{removed}"] * bool(removed)) or "+0"


def outcome(use: e.ToolUse, result: e.ToolResult) -> tuple[str, str]:
    """How a tool call ended, with its style: what it changed or read, and how long it took."""
    lasted = took(use.timestamp, result.timestamp)
    if result.status == "error":
        return "  ".join(filter(None, ("failed", lasted))), "red"
    if result.exit_code:
        return "  ".join(filter(None, (f"exit {result.exit_code}", lasted))), "red"
    numbered = sum(line.partition(":")[0].isdigit() for line in result.output.split("\n"))
    read = f"{numbered} {'line' if numbered == 1 else 'lines'}" if use.tool == "read" else ""
    return "  ".join(filter(None, (counted_change(use) or read, lasted))), "dim"


def printed_lines(result: e.ToolResult) -> list[str]:
    """What a tool printed that a person wants to see: that of commands, and of all that failed."""
    if result.tool != "bash" and result.status != "error":
        return []
    return [visible(line) for line in result.output.split("\n") if not _NOISE.fullmatch(line)]


def decision(event: e.PermissionReplied) -> str:
    """How a request was settled."""
    if event.answers is not None:
        chosen = "; ".join(", ".join(part) or "not answered" for part in event.answers)
        return f"answered{by_whom(event.by)}: {chosen}"
    by = _DECIDERS.get(event.decided_by, event.decided_by) or by_whom(event.by).strip()
    words_ = f": {words(event.message)}" if event.message else ""
    return f"{_REPLIES.get(event.reply, event.reply)}{f' {by}' if by else ''}{words_}"


def asked_as_item(event: e.PermissionAsked) -> dict[str, Any]:
    """A request in the form in which the service lists it."""
    return {
        "id": event.permission_id,
        "kind": event.kind or "permission",
        "tool": event.tool,
        "args": dict(event.args),
        "expires_at": event.expires_at,
        "session_id": event.session_id,
    }


def asks(event: e.PermissionAsked) -> str:
    """A request on one line."""
    return one_line(in_short(asked_as_item(event)))


def news(event: e.Event) -> Said | None:
    """The line of an event that is a line by itself. None for what a person need not see."""
    match event:
        case e.FileChange():
            style = {"create": "green", "delete": "red"}.get(event.change, "")
            return Said("  file", f"{event.change} {one_line(event.path)}", style)
        case e.Error():
            return Said("error", f"{words(event.error)} ({event.code})", "red")
        case e.AccessRefused():
            return Said("refused", refused_access(event), "red")
        case e.Status(attempt=int(attempt)):
            return Said("", f"attempt {attempt}: {words(event.message)}", "magenta")
        case e.Status(about="files"):
            return Said("  file", words(event.message), "dim")
        case e.CodebaseRegistered():
            return Said("", f"registered{by_whom(event.by)}: {one_line(event.name)}  {one_line(event.path)}", "dim")
        case e.CodebaseChanged():
            return Said("", f"the codebase was changed{by_whom(event.by)}", "dim")
        case e.CodebaseDeleted():
            return Said("", f"unregistered{by_whom(event.by)}", "dim")
        case e.TaskHeld():
            return Said("", f"can't start yet: {words(event.message)}", "magenta")
        case _:
            return _of_session(event)


def _of_session(event: e.Event) -> Said | None:
    """The line of an event in a session's life."""
    match event:
        case e.SessionStarted(waiting=True) | e.SessionResumed(waiting=True):
            return Said("", "waits for other agents to finish", "dim")
        case e.SessionStarted():
            files = f" with the files{listed(event.files)}" if event.files else ""
            return Said("", f"{event.agent} starts{files}", "dim")
        case e.SessionAdmitted():
            return Said("", "a slot is free: the agent starts", "dim")
        case e.SessionResumed():
            return Said("", "resumed", "dim")
        case e.SessionInterrupting():
            return Said("", f"interrupting{by_whom(event.by)}", "dim")
        case e.SessionInterrupted():
            return Said("", interrupted(event.reason), "magenta")
        case e.SessionStopping():
            return Said("", f"stopping{by_whom(event.by)}", "dim")
        case _:
            return None
