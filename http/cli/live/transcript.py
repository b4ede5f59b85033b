"""A session that is read back: the same view as live, from the messages that the service lists."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from ....domain import events as e
from ....domain.ids import MessageId, Timestamp
from ....domain.visible_text import visible_prose
from ..connection.options import Options
from ..connection.server import Item
from ..layout.amounts import clock, dollars, now, tokens, words
from ..layout.paper import Paper
from .page import Page, terminal
from .view import View
from .words import by_whom

EVERYTHING = 10**9


def print_session(
    codebase: Item, session: Item, messages: Sequence[Item], options: Options, *, full: bool = False
) -> None:
    """Print a session as it would have been shown live, with a line about it before and after."""
    page = Page(terminal(no_color=options.no_color))
    view = View(page, codebase["path"], lines=EVERYTHING if full else None)
    if not options.quiet:
        model = f" · {session['model']}" if session["model"] else ""
        began = clock(session["started_at"], now())
        page.block(
            f"{codebase['name']} · {session['agent']}{model}    {Paper().identity(session['id'])}    {began}{by_whom(session.get('by'))}",
            "dim",
            0,
        )
        page.plain()
    for message in messages:
        for event in _events(message):
            view.show(event)
        if message.get("error"):
            page.line("error", Text(visible_prose(words(message["error"]), keep=""), "red"))
    if not options.quiet:
        page.plain()
        used = f"   {tokens(session['tokens'])}   {dollars(session['cost'])}" if session["tokens"] else ""
        why = f" ({session['reason']})" if session.get("reason") else ""
        page.plain(f"{session['status']}{why}{used}", "dim")


def _events(message: Item) -> Iterator[e.Event]:
    """The events that a message would have come as."""
    at, name = Timestamp(message["timestamp"]), str(message["id"])
    if message["role"] == "user":
        yield e.MessageSent(
            message_id=MessageId(name), content=message["content"], agent="", timestamp=at, by=message.get("by")
        )
        return
    for kind in ("reasoning", "text"):
        text = message["content"] if kind == "text" else message.get("reasoning")
        if text and kind == "reasoning":
            yield e.Output(type="reasoning", content=text, message_id=name, part_id=f"{name} r", timestamp=at)
        elif text:
            yield e.Output(type="text", content=text, message_id=name, part_id=name, timestamp=at)
    for call in message.get("tools", ()):
        yield from _call(call, at)


def _call(call: dict[str, Any], at: Timestamp) -> Iterator[e.Event]:
    yield e.ToolUse(tool=call["tool"], args=call["args"], call_id=call["call_id"], timestamp=at)
    if call["status"] == "running":
        return
    yield e.ToolResult(
        tool=call["tool"],
        call_id=call["call_id"],
        status="error" if call["status"] == "error" else "completed",
        output=call["output"] or "",
        timestamp=at,
    )
