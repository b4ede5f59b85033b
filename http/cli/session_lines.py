"""A codebase's sessions, and the story of one of them, as lines for people: what `audit show` prints."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

import orjson

from ...domain.events import CodebaseChanged, ToolResult
from ...domain.events.imported import OutputImported
from ...domain.ids import OutputId, Position
from ...domain.whole_output import Missing
from ...projections.story.session_story import NOT_OURS, Entry, Story
from ...projections.story.wording import name_of, took, used
from ...projections.views.session_queries import Session
from ...projections.views.tasks import Task
from ..offline.history import CodebaseHistory, Snapshot
from ..offline.verify import counted
from .screen import Line, line, minute, plain, second

STYLES: Final = {
    "user": "bold green",
    "agent": "bold cyan",
    "thought": "dim italic",
    "tool": "yellow",
    "file": "magenta",
    "permission": "bold yellow",
    "question": "bold yellow",
    "session": "bold",
    "task": "blue",
    "status": "dim",
    "error": "bold red",
}
DECIDED: Final = frozenset({"permission", "question"})
"""Entries whose titles say who decided."""
QUIET: Final = frozenset({"tool", "thought"})
ERASED: Final = "bold red"

LINES: Final = 20
"""The most lines of a tool's change or output that are printed without --full."""

NARROW: Final = 130
"""Below this many columns, a session's prompt gets a line of its own."""

LABEL: Final = 10

Printed: TypeAlias = Callable[[OutputId], str | None]
"""Gives a whole output by its id, or None if there is none."""

MISSING: Final[dict[Missing, str]] = {
    "too_large": "the rest is beyond the size limit",
    "gone": "not recorded, because the agent's file was missing",
    "refused": "not read, because the agent named something that is not its own regular file",
    "changed": "not recorded, because the agent's file differed from the tool's output or changed meanwhile",
    "unreadable": "the agent's file could not be read to its end",
    "not_kept": "it could not be stored",
    "off": "whole outputs are not recorded on this server",
}
"""Why a whole output was not recorded, or not all of it, for people."""


def head(history: CodebaseHistory) -> Iterator[Line]:
    """The codebase, its changes, and a warning if some of its events are unreadable."""
    first = history.registered
    yield _labelled(
        "codebase",
        "  ".join((plain(first.name), history.codebase, plain(first.path)) if first else (history.codebase,)),
    )
    for sequence, changed in history.changes:
        who = f"  by {name_of(changed)}" if changed.by else ""
        yield _labelled("changed", plain(f"{changed.timestamp}  [{sequence}]  {_changes(changed)}{who}"))
    if first and first.by:
        yield _labelled("added", plain(f"{second(first.timestamp)} by {name_of(first)}"))
    if history.unreadable:
        numbers = ", ".join(str(event.sequence) for event in history.unreadable[:10])
        yield _labelled(
            "WRONG", f"{counted(len(history.unreadable), 'event')} ({numbers}) missing, or {NOT_OURS}", ERASED
        )


def _changes(changed: CodebaseChanged) -> str:
    """What was changed, in words."""
    words = {"name": changed.name, "description": changed.description}
    said = [f"{what}: {words[what] or 'none'}" for what in words if words[what] is not None]
    if changed.agent_config is not None:
        config = ", ".join(f"{name} {orjson.dumps(value).decode()}" for name, value in changed.agent_config.items())
        said.append(f"agent configuration: {config or 'the defaults'}")
    return "; ".join(said)


def session_lines(history: CodebaseHistory, snapshot: Snapshot, width: int | None) -> Iterator[Line]:
    """The sessions of a codebase, the newest first, and the tasks without a session."""
    yield from head(history)
    yield _labelled("agent", snapshot.agent)
    yield _labelled("shown", _as_of(history, snapshot))
    yield line()
    for session in snapshot.sessions.values():
        yield from _session(session, width)
    if not snapshot.sessions:
        yield line("There are no sessions yet.")
    tasks = [task for task in snapshot.tasks.values() if task.session_id is None]
    if tasks:
        yield from (line(), line(("tasks without a session", "bold")))
    for task in tasks:
        yield _task(task)


def _session(session: Session, width: int | None) -> Iterator[Line]:
    began = minute(session.started_at) if session.started_at else f"{'not yet':<16}"
    fields = f"{session.id:<29}  {session.status:<11}  {began}  {_lasted(session):>9}  ${session.cost:.4f}"
    prompt = plain(" ".join((session.prompt or session.title or "").split()))
    if width is None or width >= NARROW:
        yield line(fields, "  ", prompt, indent=4)
    else:
        room = width - 4
        yield line(fields)
        yield line("    ", (prompt if len(prompt) <= room else prompt[: room - 1] + "…", "dim"))


def _lasted(session: Session) -> str:
    return took(session.started_at, session.ended_at) if session.started_at and session.ended_at else ""


def _task(task: Task) -> Line:
    title = plain(" ".join(task.title.split()))
    return line(f"{task.id:<29}  {task.status:<11}  {minute(task.created_at)}  {title}", indent=4)


def story_lines(
    history: CodebaseHistory,
    snapshot: Snapshot,
    session: Session,
    story: Story,
    *,
    printed: Printed | None,
    places: bool,
) -> Iterator[Line]:
    """A session: its summary, then everything that happened in it. `places`: print the positions of events too.

    `printed` gives the whole outputs of tools. Without it, long texts are shortened.
    """
    yield from _summary(history, snapshot, session, story)
    width = len(str(snapshot.sequence))
    day = ""
    for entry in story.entries:
        if entry.at[:10] != day:
            day = entry.at[:10]
            yield from (line(), line((day, "bold")))
        yield from _entry(entry, width, printed=printed, places=places)


def _summary(history: CodebaseHistory, snapshot: Snapshot, session: Session, story: Story) -> Iterator[Line]:
    ended = f", ended {second(session.ended_at)}" if session.ended_at else ""
    lasted = _lasted(session)
    why = f" ({session.reason.replace('_', ' ')})" if session.reason else ""
    model = f" on {session.model}" if session.model else ""
    theirs = f"; opencode session {session.agent_session_id}" if session.agent_session_id else ""
    yield from head(history)
    yield _labelled("session", f"{session.id}  {session.status}{why}")
    yield _labelled(
        "began",
        f"{second(session.started_at) if session.started_at else 'not yet'}{ended}{f', after {lasted}' if lasted else ''}",
    )
    yield _labelled("agent", plain(f"{session.agent}{model}{theirs}"))
    if session.by:
        yield _labelled("by", plain(f"{session.by}{f' (via {session.via})' if session.via else ''}"))
    yield _labelled("used", f"{used(session.tokens)}, ${session.cost:.4f}")
    yield _labelled("shown", _as_of(history, snapshot))
    yield from erasure_lines(history, (eraser for entry in story.entries for eraser in entry.erased))


def erasure_lines(history: CodebaseHistory, erasers: Iterable[Position]) -> Iterator[Line]:
    """Who erased content, when and why. Each erasure is printed once."""
    for position in dict.fromkeys(erasers):
        if erasure := history.erasures.get(position):
            system = f" ({plain(erasure.by)})" if erasure.by else ""
            said = f"{second(erasure.timestamp)} by {plain(erasure.erased_by)}{system}: {plain(erasure.reason)}"
            yield _labelled("erased", f"{said} (event {position} of the log)", ERASED)
        else:
            said = f"event {position} of the log is not a valid erasure: run `opencode-ledger audit verify`"
            yield _labelled("erased", said, ERASED)


def _as_of(history: CodebaseHistory, snapshot: Snapshot) -> str:
    then = "" if snapshot.sequence == history.head else " (state at that time)"
    return f"up to event {snapshot.sequence} of {history.head}, {second(snapshot.at)}{then}"


def _labelled(label: str, said: str, style: str = "") -> Line:
    return line((f"{label:<{LABEL}}", "dim"), (said, style), indent=LABEL)


def _entry(entry: Entry, width: int, *, printed: Printed | None, places: bool) -> Iterator[Line]:
    full = printed is not None
    indent = 8 + 1 + width + 2 + 11
    number = str(entry.events[0][0]) if entry.events else ""
    yield line(
        (f"{entry.at[11:19]} {number:>{width}}  ", "dim"),
        (f"{entry.who:<10} ", STYLES[entry.who]),
        "(helper) " if entry.helper else "",
        plain(entry.title),
        (f" by {plain(entry.by)}" if entry.by and entry.who not in DECIDED else "", "dim"),
        (f" [{plain(entry.open)}]" if entry.open else "", "bold"),
        (f" [erased, see event {', '.join(map(str, entry.erased))} of the log]" if entry.erased else "", ERASED),
        indent=indent,
    )
    if places:
        also = ", with text that is repeated elsewhere" if entry.repeats and not entry.erased else ""
        yield _below(f"at position {_ranges([position for _, position in entry.events])}{also}", indent, "dim")
    if full and entry.given:
        yield _below(plain(entry.given), indent, "dim")
    for said in _cut(entry.change, full=full):
        yield _below(plain(said), indent, {"+": "green", "-": "red"}.get(said[:1], "dim"))
    if entry.whole and not entry.erased:
        yield _below(_whole_summary(entry.whole), indent, "bold")
    text = _whole(entry, printed) or entry.text
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    for said in _cut(lines, full=full or entry.who != "tool"):
        yield _below(plain(said), indent, "dim" if entry.who in QUIET else "")


def _whole(entry: Entry, printed: Printed | None) -> str | None:
    """The whole output of a tool, if it is wanted and was recorded."""
    name = entry.whole.whole_id if entry.whole else None
    return printed(name) if printed and name and not entry.erased else None


def _whole_summary(ended: ToolResult | OutputImported) -> str:
    """How long a tool's whole output is, and how much of it was recorded."""
    size = f" of {ended.whole_bytes:,} bytes" if ended.whole_bytes is not None else ""
    kept = f"; {ended.whole_kept:,} of them recorded" if ended.whole_kept is not None else ""
    missing = f"; {MISSING[ended.whole_missing]}" if ended.whole_missing else ""
    return f"whole output{size}{kept}{missing}" + (" (--full)" if ended.whole_id else "")


def _below(said: str, indent: int, style: str) -> Line:
    return line(" " * indent, (said, style), indent=indent)


def _cut(lines: Iterable[str], *, full: bool) -> Iterator[str]:
    """All lines, or the first ones and the number of the others."""
    every = list(lines)
    if full or len(every) <= LINES:
        yield from every
    else:
        yield from every[:LINES]
        yield f"… {len(every) - LINES} more lines (--full)"


def _ranges(numbers: list[int]) -> str:
    """Numbers as `erase --position` takes them: 3-5, 9."""
    found = list[tuple[int, int]]()
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1] = found[-1][0], number
        else:
            found.append((number, number))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)
