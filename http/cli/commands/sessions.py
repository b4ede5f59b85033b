"""`opencode-ledger sessions`: what was done in a codebase."""

from datetime import datetime
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.types import PositiveInt

from ..connection.candidates import Codebase
from ..connection.moments import moment_of
from ..connection.names import codebase_of
from ..connection.parameters import Connection, Options
from ..connection.server import Item, Server
from ..layout.amounts import clock, dollars, now, seconds_since, span, words
from ..layout.paper import Paper, Piece, print_json
from ..layout.table import Column, table
from ..layout.who import name, without_names

STYLES: Final = {"running": "cyan", "completed": "green", "failed": "red", "interrupted": "magenta", "pending": ""}

COLUMNS: Final = (
    Column(title="SESSION"),
    Column(title="STATUS", rank=1),
    Column(title="STARTED", rank=4),
    Column(title="TOOK", right=True, rank=5),
    Column(title="COST", right=True, rank=3),
    Column(title="BY", least=6, rank=2),
    Column(title="PROMPT", least=12),
)


def sessions(
    codebase: Codebase = None,
    /,
    *,
    limit: Annotated[PositiveInt, Parameter(name=("--limit", "-n"))] = 20,
    at: str | None = None,
    options: Connection = None,
) -> int:
    """List the sessions of a codebase, newest first.

    Example: `opencode-ledger sessions shop --limit 5`

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.
    limit
        How many sessions to list.
    at
        List them as they were at this time (08:15, or 2026-01-31T12:00:00Z), or after the event with this number.

    """
    options = options or Options()
    server, paper = Server(options), Paper(no_color=options.no_color)
    found, moment = codebase_of(server, codebase, options), moment_of(at)
    path = f"/codebases/{found['id']}/sessions"
    if options.json:
        print_json(server.get(path, limit=min(limit, 500), at=moment))
        return 0
    listed = server.pages(path, "sessions", limit, at=moment)
    if not listed:
        yet = "had no session then." if at else "has no session yet. Start one with `opencode-ledger run`."
        paper.line(f"{found['name']} {yet}")
        return 0
    rows = [_row(paper, one, now()) for one in listed]
    columns, rows = without_names(COLUMNS, rows)
    paper.lines(table(columns, rows, paper.width, titles=not options.quiet))
    return 0


def _row(paper: Paper, session: Item, at: datetime) -> list[Piece | str]:
    status, prompt = session["status"], session["prompt"] or session.get("title")
    return [
        paper.identity(session["id"]),
        (status, STYLES.get(status, "")),
        clock(session["started_at"], at),
        _took(session),
        dollars(session["cost"]),
        name(session),
        words(prompt),
    ]


def _took(session: Item) -> str:
    started, ended = session["started_at"], session["ended_at"]
    if not (started and ended):
        return "-"
    seconds = seconds_since(started, datetime.fromisoformat(ended))
    return span(max(0.0, seconds or 0.0), exact=True)
