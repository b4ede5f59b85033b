"""`opencode-ledger audit show`: what happened in a codebase, for a person at a terminal."""

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Annotated

from cyclopts import Parameter

from ...domain.errors import InvalidInput
from ...domain.events import SERVICE
from ...domain.events.recorded import RecordedEvent
from ...domain.ids import CodebaseId, OutputId, SessionId
from ...projections.story.session_story import NOT_OURS
from ..offline.evidence import Evidence, evidence_in
from ..offline.history import codebases_of, history_of
from ..offline.verify import counted
from ..settings import Data, default_data
from .screen import Line, Screen, line, minute, plain
from .service_lines import service_lines
from .session_lines import session_lines, story_lines

Flag = Annotated[bool, Parameter(negative="", show_default=False)]


def show(
    codebase: str | None = None,
    session: str | None = None,
    /,
    *,
    at: str | None = None,
    full: Flag = False,
    positions: Flag = False,
    data: Data = None,
) -> int:
    """Print what happened in a session: prompts, answers, tool calls, file changes, decisions, times and costs.

    Without SESSION, list the sessions of the codebase. Without CODEBASE, list all codebases.

    Each entry starts with its time in UTC and the number of its first event in the codebase.

    Example: `opencode-ledger audit show cb_abc123 sess_abc123 --at 2026-01-31T12:00:00Z`

    Parameters
    ----------
    codebase
        The codebase's id or name. Deleted codebases work too. `opencode-ledger audit show` lists all ids. `service`: the
        events that belong to no codebase, such as changed tokens and exports.
    session
        The session's id. `opencode-ledger audit show CODEBASE` lists all ids.
    at
        Show the state after this event (its number in the codebase) or at this UTC time (2026-01-31T12:00:00Z).
    full
        Show everything that tools were given, changed and printed. Default: at most 20 lines of each.
    positions
        Show the positions of each entry's events in the whole log, for `opencode-ledger erase --position`.
    data
        The data directory. Default: ~/.opencode-ledger.

    """
    if codebase is not None:
        screen = Screen()
        with evidence_in(data or default_data()) as evidence:
            lines = _lines(evidence, codebase, session, at, screen.width, full=full, positions=positions)
            screen.print(asyncio.run(lines))
    elif at is not None:
        raise InvalidInput("--at needs a CODEBASE; without --at, all codebases are listed.")
    else:
        with evidence_in(data or default_data()) as evidence:
            Screen().print(_codebases(evidence))
    return 0


async def _lines(
    evidence: Evidence,
    codebase: str,
    session: str | None,
    at: str | None,
    width: int | None,
    *,
    full: bool,
    positions: bool,
) -> Iterator[Line]:
    """The lines. Each whole output is read when its line is printed."""
    if codebase == SERVICE and (events := await asyncio.to_thread(_own_events, evidence)):
        return service_lines(events)
    async with history_of(evidence, codebase) as history:
        snapshot = await history.snapshot(await history.sequence(at, "--at"))
        if session is None:
            return session_lines(history, snapshot, width)
        story, row = history.story(SessionId(session), snapshot), snapshot.sessions[SessionId(session)]
        printed = partial(_printed, evidence, history.codebase) if full else None
        return story_lines(history, snapshot, row, story, printed=printed, places=positions)


def _own_events(evidence: Evidence) -> list[RecordedEvent]:
    with evidence.opened() as log:
        return list(log.of(SERVICE))


def _printed(evidence: Evidence, codebase: CodebaseId, output: OutputId) -> str | None:
    """A whole output, or None if it no longer exists."""
    with evidence.outputs() as file:
        found = file.outputs.get((codebase, output))
        return b"".join(file.chunks(found)).decode("utf-8", "replace") if found else None


def _codebases(evidence: Evidence) -> Iterator[Line]:
    """A line for each codebase. The id comes first, because other commands take it."""
    found = codebases_of(evidence)
    for one in found:
        if one.codebase == SERVICE:
            yield line(
                f"{one.codebase:<29}  {'':16}  {counted(one.head, 'event'):>12}  of the service itself", indent=4
            )
            continue
        first, state = one.registered, "deleted" if one.deleted else counted(one.head, "event")
        what = f"{plain(one.name)}  {plain(first.path)}" if first else f"its first event is {NOT_OURS}"
        facts = f"{minute(first.timestamp if first else ''):16}  {state:>12}  {what}"
        yield line(f"{one.codebase}  {facts}", indent=4)
    if not found:
        yield line("The log is empty.")
