"""`opencode-ledger audit show` and `diff`: what happened in a codebase, for a person at a terminal."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..domain.errors import InvalidInput
from ..domain.events import CodebaseDeleted
from ..domain.ids import CodebaseId, Sequence, SessionId
from ..domain.wire import decode
from ..projections.story import Entry, Story
from .absent import no_session
from .past import Past, codebases_of, differences, past_of
from .settings import Data, usual_data

STYLES: Final = {
    "user": "bold green",
    "agent": "bold cyan",
    "thought": "dim italic",
    "tool": "yellow",
    "file": "magenta",
    "permission": "bold yellow",
    "session": "bold",
    "task": "blue",
    "status": "dim",
    "error": "bold red",
}

LINES: Final = 20
"""Lines of what a tool printed that are shown, unless all are asked for."""


def add_to(app: App) -> None:
    """Add the commands."""
    app.command(show)
    app.command(diff)


def show(
    codebase: str | None = None,
    session: str | None = None,
    *,
    at: str | None = None,
    full: Annotated[bool, Parameter(negative="")] = False,
    data: Data = None,
) -> int:
    """Tell what happened in a session: prompts, answers, tools, file changes, decisions, times and costs.

    Without a session the codebase's sessions are listed; without a codebase the log's codebases.

    Parameters
    ----------
    codebase
        The codebase's id, also of one that was deleted; `opencode-ledger audit show` lists them.
    session
        The session's id.
    at
        As it was after this event (its number in the codebase) or at this time (2026-01-31T12:00:00Z).
    full
        Show all that tools printed, not only the beginning.
    data
        The data directory; without it, ~/.opencode-ledger.

    """
    if codebase is None:
        if at is not None:
            raise InvalidInput(
                "--at: Name a codebase, whose events are meant; without --at those of the log are listed."
            )
        lines = "\n".join(_codebases(data or usual_data())) or "The log is empty."
        Console(highlight=False).print(lines, markup=False, soft_wrap=True)
    else:
        asyncio.run(_show(data or usual_data(), CodebaseId(codebase), session, at, full=full))
    return 0


def diff(codebase: str, before: str, after: str | None = None, *, data: Data = None) -> int:
    """Say what changed in a codebase from one moment to another: its agent, its sessions, its tasks.

    Parameters
    ----------
    codebase
        The codebase's id, also of one that was deleted; `opencode-ledger audit show` lists them.
    before
        The number of an event in the codebase, or a time (2026-01-31T12:00:00Z).
    after
        Another; without it, the end.
    data
        The data directory; without it, ~/.opencode-ledger.

    """
    asyncio.run(_diff(data or usual_data(), CodebaseId(codebase), before, after))
    return 0


async def _show(data: Path, codebase: CodebaseId, session: str | None, at: str | None, *, full: bool) -> None:
    screen = Console(highlight=False)
    async with past_of(data, codebase) as past:
        moment = await past.moment(at, "--at")
        if session is None:
            screen.print(await _sessions(past, moment))
            return
        story = past.story(SessionId(session), moment)
        if not story.entries:
            raise no_session(codebase, SessionId(session), moment)
        screen.print(_told(story, full=full))


async def _diff(data: Path, codebase: CodebaseId, before: str, after: str | None) -> None:
    async with past_of(data, codebase) as past:
        first, last = await past.moment(before, "BEFORE"), await past.moment(after, "AFTER")
        lines = list(differences(await past.facts(first), await past.facts(last)))
        said = "\n".join(lines) if lines else "Nothing that the views show changed."
        Console(highlight=False).print(f"from event {first} to event {last}\n{said}", markup=False, soft_wrap=True)


def _codebases(data: Path) -> Iterator[str]:
    """A line each, never broken, for these are what other commands are given."""
    for first, last in codebases_of(data):
        state = "deleted" if isinstance(decode(last), CodebaseDeleted) else f"{last.sequence} events"
        yield f"{last.stream}  {_minute(first.timestamp)}  {state:>12}  {_plain(first.name)}  {_plain(first.path)}"


async def _sessions(past: Past, at: Sequence) -> RenderableType:
    rows = (await (await past.views(at)).sessions.page(past.codebase, 100_000)).rows
    table = Table(title=f"{past.codebase} after event {at}", title_justify="left", box=None, expand=True)
    for name in ("session", "status", "started", "ended", "messages", "cost"):
        table.add_column(
            name, no_wrap=True, min_width=max((len(row.id) for row in rows if name == "session"), default=9)
        )
    table.add_column("prompt", no_wrap=True, ratio=1)
    for row in rows:
        cost, prompt = f"${row.cost:.4f}", " ".join(row.prompt.split())
        table.add_row(
            row.id,
            row.status,
            _minute(row.started_at),
            _minute(row.ended_at or ""),
            str(row.messages_count),
            cost,
            Text(prompt),
        )
    return table


def _told(story: Story, *, full: bool) -> RenderableType:
    used = ", ".join(f"{count:,} {kind}" for kind, count in story.totals.tokens.items() if count)
    end = Text(f"\nused {used or 'nothing'} tokens, ${story.totals.cost:.4f}", style="dim")
    return Group(*(part for entry in story.entries for part in _entry(entry, full=full)), end)


def _entry(entry: Entry, *, full: bool) -> Iterator[RenderableType]:
    clock = entry.at[11:19]
    head = Text.assemble(
        (f"{clock} ", "dim"), ("  " if entry.subagent else "", ""), (f"{entry.who:<10} ", STYLES[entry.who])
    )
    yield head + Text(_plain(entry.title))
    lines = _plain(entry.text).rstrip("\n").split("\n") if entry.text else []
    if entry.who == "tool" and not full and len(lines) > LINES:
        lines = [*lines[:LINES], f"… {len(lines) - LINES} more lines (--full)"]
    if lines:
        yield Padding(Text("\n".join(lines), style="dim" if entry.who in ("tool", "thought") else ""), (0, 0, 0, 20))


def _minute(timestamp: str) -> str:
    return timestamp[:16].replace("T", " ")


def _plain(text: str) -> str:
    """Text that can't steer a terminal, whatever an agent put in it."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)
