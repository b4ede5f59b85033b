"""How a story words things: tool arguments, changes, decisions, reasons and durations."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import unified_diff
from itertools import zip_longest
from typing import Final

import orjson

from ...domain import events as e
from ...domain.ids import Timestamp
from ...domain.timestamps import moment_of

_TYPICAL: Final = ("command", "filePath", "filepath", "path", "pattern", "url", "description")
"""Arguments that alone say what a call is about; the first one present counts."""

_LONGEST: Final = 100

_KINDS: Final = ("input", "output", "reasoning", "cache_read", "cache_write")

_REPLIES: Final = {"once": "allowed once", "always": "always allowed", "reject": "rejected"}
_DECIDERS: Final[Mapping[e.Decider, str]] = {
    "user": "by a person",
    "auto_approve": "by auto_approve",
    "timeout": "because nobody answered in time",
    "interrupt": "by the end of the run",
    "agent": "by the agent itself",
}
_REASONS: Final[Mapping[e.InterruptReason, str]] = {
    "requested": "interrupted on request",
    "server_stopped": "interrupted: the server was stopped",
    "server_restarted": "interrupted: the server ended unexpectedly",
    "agent_crashed": "interrupted: the agent ended unexpectedly",
}


def arguments_in_short(args: Mapping[str, e.Json]) -> str:
    """A tool's arguments on one line."""
    said = next((args[name] for name in _TYPICAL if isinstance(args.get(name), str)), None)
    line = " ".join(str(said).split()) if said is not None else arguments_in_full(args)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def arguments_in_full(args: Mapping[str, e.Json]) -> str:
    """All of a tool's arguments as JSON; empty where there are none."""
    return orjson.dumps(args, default=dict).decode() if args else ""


def change_of(args: Mapping[str, e.Json]) -> Iterator[str]:
    """The change of a file that a tool's arguments ask for, as lines of a diff; empty for other arguments."""
    match args:
        case {"oldString": str(old), "newString": str(new)}:
            # The arguments don't say where in the file the change is: line numbers would mislead.
            lines = [*unified_diff(old.splitlines(), new.splitlines(), n=2, lineterm="")][3:]
            yield from ("…" if line.startswith("@@") else line for line in lines)
        case {"filePath": str(), "edits": list(edits)}:
            yield from (line for edit in edits if isinstance(edit, dict) for line in change_of(edit))
        case {"filePath": str(), "content": str(content)}:
            yield from (f"+{line}" for line in content.splitlines())
        case {"patchText": str(patch)}:
            yield from patch.splitlines()
        case _:
            return


def questions_of(args: Mapping[str, e.Json], answers: e.Answers | None) -> Iterator[str]:
    """An agent's questions with their choices, each followed by its answer."""
    asked = args.get("questions")
    several = [one for one in asked if isinstance(one, dict)] if isinstance(asked, list) else []
    for question, chosen in zip_longest(several, answers or ()):
        if question is not None:
            yield f"{question.get('question', '')}{_choices(question.get('options'))}"
        if answers is not None:
            yield f"→ {', '.join(chosen) if chosen else 'not answered'}"


def _choices(options: e.Json) -> str:
    labels = (
        [str(one["label"]) for one in options if isinstance(one, dict) and "label" in one]
        if isinstance(options, list)
        else []
    )
    return f" ({' | '.join(labels)})" if labels else ""


def decided(event: e.PermissionReplied, asked_at: Timestamp | None) -> str:
    """The decision, who made it, and after how long."""
    what = "answered" if event.answers is not None else _REPLIES.get(event.reply, event.reply)
    waited = took(asked_at, event.timestamp) if asked_at else ""
    person = f"by {name_of(event)}" if event.decided_by == "user" and event.by else ""
    who = person or _DECIDERS.get(event.decided_by, event.decided_by)
    return f"{what} {who}{f', after {waited}' if waited else ''}"


def name_of(event: e.Event) -> str:
    """Who caused an event: `anna`, or `anna (via gateway)`; empty where nobody is on record."""
    return f"{event.by or ''}{f' (via {event.via})' if event.via else ''}"


def interrupted(reason: e.InterruptReason) -> str:
    """How a session was interrupted, and why."""
    return _REASONS.get(reason, f"interrupted: {reason}")


def took(since: Timestamp, until: Timestamp) -> str:
    """The time between two moments, for people; empty below a tenth of a second, or where a moment can't be read."""
    try:
        seconds = (moment_of(until) - moment_of(since)).total_seconds()
    except (ValueError, TypeError):
        return ""
    if seconds < 0.1:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {int(seconds) % 60} s"


def used(tokens: Mapping[str, int]) -> str:
    """Numbers of tokens by kind."""
    in_order = {**dict.fromkeys(_KINDS, 0), **tokens}
    counted = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in in_order.items() if count)
    return f"{counted} tokens" if counted else "no tokens"


def listed(names: Iterable[str]) -> str:
    """Names in a row, after a colon; empty where there are none."""
    joined = ", ".join(names)
    return f": {joined}" if joined else ""


def refused_access(event: e.AccessRefused) -> str:
    """How often the agent called the service that runs it."""
    program = f" ({event.program})" if event.program else ""
    times = f", {event.times:,} times" if event.times != 1 else ""
    return f"refused: a process of the agent{program} called this service{times}"
