"""`opencode-ledger audit diff`: what changed in a codebase between two points in time, for a person at a terminal."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Annotated, Final

from cyclopts import Parameter

from ...domain import events as e
from ...domain.erasure.tombstones import MARK, eraser_of
from ...domain.events.erasure import Erasure
from ...domain.events.recorded import RecordedEvent
from ...domain.events.wire import decode
from ...domain.ids import Sequence
from ...projections.story.wording import decided, name_of, took, used
from ...projections.views.session_queries import Session
from ...projections.views.tasks import Task
from ..offline.evidence import Evidence, evidence_in
from ..offline.history import CodebaseHistory, Snapshot, history_of
from ..offline.verify import counted
from ..settings import Data, default_data
from .screen import Line, Screen, line, plain, second
from .session_lines import erasure_lines, head

LABEL: Final = 10


def diff(
    codebase: str,
    start: Annotated[str, Parameter(name="FROM")],
    end: Annotated[str | None, Parameter(name="TO")] = None,
    /,
    *,
    data: Data = None,
) -> int:
    """Print what changed in a codebase between two points in time: agent, sessions, tasks, messages, files and costs.

    Example: `opencode-ledger audit diff cb_abc123 2026-01-30 2026-01-31`

    Parameters
    ----------
    codebase
        The codebase's id or name. Deleted codebases work too. `opencode-ledger audit show` lists all ids.
    start
        The start: an event's number in the codebase, or a UTC time (2026-01-31T12:00:00Z). 0 is the beginning.
    end
        The end, in the same form. Default: the latest event.
    data
        The data directory. Default: ~/.opencode-ledger.

    """
    with evidence_in(data or default_data()) as evidence:
        asyncio.run(_diff(evidence, codebase, start, end))
    return 0


async def _diff(evidence: Evidence, codebase: str, start: str, end: str | None) -> None:
    async with history_of(evidence, codebase) as history:
        one = await history.sequence(start, "FROM", first=Sequence(0))
        other = await history.sequence(end, "TO", first=Sequence(0))
        then, now = await history.snapshot(min(one, other)), await history.snapshot(max(one, other))
        Screen().print(_lines(history, then, now, swapped=other < one))


def _lines(history: CodebaseHistory, then: Snapshot, now: Snapshot, *, swapped: bool) -> Iterator[Line]:
    between = history.events[then.sequence : now.sequence]
    lasted, count = took(then.at, now.at), counted(len(between), "event")
    yield from head(history)
    if swapped:
        yield line(("FROM is later than TO: the two were swapped.", "bold"))
    yield _row("from", f"event {then.sequence}, {second(then.at)}" if then.sequence else "the beginning")
    yield _row("to", f"event {now.sequence}, {second(now.at)}: {count}{f' in {lasted}' if lasted else ''}")
    changes = list(
        chain(
            _agent(then, now),
            _sessions(then, now),
            _tasks(then, now),
            _happened(between),
            _used(then, now),
            _erased(history, between),
        )
    )
    yield line()
    yield from changes or [line("There are no visible changes.")]


def _row(label: str, said: str, style: str = "") -> Line:
    return line((f"{label:<{LABEL}}", "dim"), (said, style), indent=LABEL)


def _rows(label: str, lines: Iterable[str]) -> Iterator[Line]:
    """Lines with one label, which is printed once."""
    for number, said in enumerate(lines):
        yield line((f"{'' if number else label:<{LABEL}}", "dim"), plain(said), indent=LABEL + 2)


def _agent(then: Snapshot, now: Snapshot) -> Iterator[Line]:
    if then.agent != now.agent:
        yield _row("agent", f"{then.agent} → {now.agent}", "bold")


def _sessions(then: Snapshot, now: Snapshot) -> Iterator[Line]:
    changed = [session for session in now.sessions.values() if session != then.sessions.get(session.id)]
    yield from _rows("sessions", (_session(then.sessions.get(session.id), session) for session in reversed(changed)))


def _session(old: Session | None, new: Session) -> str:
    state = new.status if old is None or old.status == new.status else f"{old.status} → {new.status}"
    began = f"began{f' by {new.by}' if new.by else ''}, " if old is None else ""
    messages = new.messages_count - (old.messages_count if old else 0)
    cost = new.cost - (old.cost if old else 0.0)
    facts = [counted(messages, "message")] if messages else []
    facts += [f"${cost:.4f}"] if cost else []
    more = f" ({', '.join(facts)})" if facts else ""
    return f"{new.id}  {began}{state}{more}: {_one_line(new.prompt or new.title or '')}"


def _tasks(then: Snapshot, now: Snapshot) -> Iterator[Line]:
    changed = [task for task in now.tasks.values() if task != then.tasks.get(task.id)]
    yield from _rows("tasks", (_task(then.tasks.get(task.id), task) for task in reversed(changed)))


def _task(old: Task | None, new: Task) -> str:
    state = new.status if old is None or old.status == new.status else f"{old.status} → {new.status}"
    made = f"created{f' by {new.by}' if new.by else ''}, " if old is None else ""
    now, before = _why(new), _why(old) if old else ""
    why = f" ({now})" if now and now != before else ""
    return f"{new.id}  {made}{state}{why}: {_one_line(new.title)}"


def _why(task: Task) -> str:
    """Why the task failed, is interrupted, or can't start."""
    return task.code or task.reason or ""


def _happened(between: Iterable[RecordedEvent]) -> Iterator[Line]:
    """The messages, files, decisions and errors of the events."""
    events = [(each, decode(each)) for each in between]
    yield from _rows(
        "messages", (f"{_when(r)}{_one_line(v.content)}" for r, v in events if isinstance(v, e.MessageSent))
    )
    yield from _rows("files", _files(v for _, v in events if isinstance(v, e.FileChange)))
    yield from _rows("decisions", _decisions([v for _, v in events]))
    yield from _rows(
        "errors", (f"{_when(r)}{v.code}: {_one_line(v.error)}" for r, v in events if isinstance(v, e.Error))
    )


def _erased(history: CodebaseHistory, between: Iterable[RecordedEvent]) -> Iterator[Line]:
    """The erasures in this range, and those that erased events of it."""
    recorded = list(between)
    made = [each.position for each in recorded if each.topic == Erasure.topic]
    gone = [eraser for each in recorded if (eraser := eraser_of(each.data)) is not None]
    yield from erasure_lines(history, [*gone, *made])


def _files(changes: Iterable[e.FileChange]) -> Iterator[str]:
    """Each file once, with its changes. Files with erased names count as one."""
    done = dict[str, list[str]]()
    for change in changes:
        name = f"{change.path} (percent-encoded)" if change.path_encoding and change.path != MARK else change.path
        changed = done.setdefault(name, [])
        became = _DONE.get(change.change, change.change)  # an altered log may have any word here
        changed += [became] if changed[-1:] != [became] else []
    for path, changed in done.items():
        yield f"{path}: {', then '.join(changed) if path != MARK else 'changes of files'}"


_DONE: Final[dict[str, str]] = {"create": "created", "modify": "changed", "delete": "deleted"}


def _decisions(events: Iterable[e.Event]) -> Iterator[str]:
    """How often the agents asked, and how that was decided."""
    asked, counts = 0, dict[str, int]()
    for event in events:
        asked += isinstance(event, e.PermissionAsked)
        if isinstance(event, e.PermissionReplied):
            what = decided(event, None)
            counts[what] = counts.get(what, 0) + 1
    if asked or counts:
        yield ", ".join([f"{asked} requested", *(f"{count} {what}" for what, count in counts.items())])


def _used(then: Snapshot, now: Snapshot) -> Iterator[Line]:
    kinds = dict.fromkeys(kind for session in now.sessions.values() for kind in session.tokens)
    tokens = {kind: _tokens(now, kind) - _tokens(then, kind) for kind in kinds}
    cost = sum(one.cost for one in now.sessions.values()) - sum(one.cost for one in then.sessions.values())
    if cost or any(tokens.values()):
        yield _row("used", f"{used(tokens)}, ${cost:.4f}")


def _tokens(snapshot: Snapshot, kind: str) -> int:
    return sum(session.tokens.get(kind, 0) for session in snapshot.sessions.values())


def _when(recorded: RecordedEvent) -> str:
    event = decode(recorded)
    who = f", by {name_of(event)}" if event.by else ""
    return f"{event.timestamp[:19].replace('T', ' ')}, event {recorded.sequence}{who}: "


def _one_line(text: object) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= 100 else f"{line[:99]}…"
