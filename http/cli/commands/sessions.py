"""`opencode-ledger sessions`: what was done in a codebase."""

from datetime import datetime
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.types import PositiveInt

from ..connection.candidates import Codebase
from ..connection.names import codebase_of
from ..connection.options import Connection, Options
from ..connection.server import Item, Server
from ..layout.amounts import clock, dollars, now, seconds_since, span, words
from ..layout.paper import Paper, Piece, print_json
from ..layout.table import Column, table

STYLES: Final = {"running": "cyan", "completed": "green", "failed": "red", "interrupted": "magenta", "pending": ""}

COLUMNS: Final = (
    Column(title="SESSION"),
    Column(title="STATUS", rank=1),
    Column(title="STARTED", rank=4),
    Column(title="TOOK", right=True, rank=5),
    Column(title="COST", right=True, rank=3),
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
        List them as they were after this event (its number in the codebase) or at this UTC time (2026-01-31T12:00:00Z).

    """
    options = options or Options()
    server, paper = Server(options), Paper(no_color=options.no_color)
    found = codebase_of(server, codebase, options)
    path = f"/codebases/{found['id']}/sessions"
    if options.json:
        print_json(server.get(path, limit=min(limit, 500), at=at))
        return 0
    listed = server.pages(path, "sessions", limit, at=at)
    if not listed:
        paper.line(f"{found['name']} has no session yet. Start one with `opencode-ledger run`.")
        return 0
    rows = [_row(paper, one, now()) for one in listed]
    paper.lines(table(COLUMNS, rows, paper.width, titles=not options.quiet))
    return 0


def _row(paper: Paper, session: Item, at: datetime) -> list[Piece | str]:
    status, prompt = session["status"], session["prompt"] or session.get("title")
    return [
        paper.identity(session["id"]),
        (status, STYLES.get(status, "")),
        clock(session["started_at"], at),
        _took(session),
        dollars(session["cost"]),
        words(prompt),
    ]


def _took(session: Item) -> str:
    started, ended = session["started_at"], session["ended_at"]
    if not (started and ended):
        return "-"
    seconds = seconds_since(started, datetime.fromisoformat(ended))
    return span(max(0.0, seconds or 0.0), exact=True)
