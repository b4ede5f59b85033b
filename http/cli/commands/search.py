"""`opencode-ledger search`: where words occur in prompts, answers, commands and paths."""

from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.types import PositiveInt

from ..connection.candidates import InCodebase
from ..connection.names import codebase_of
from ..connection.parameters import Connection, Options
from ..connection.server import Item, Server
from ..failures import CommandFailed
from ..layout.amounts import clock, now, words
from ..layout.paper import Paper, Piece, print_json
from ..layout.table import Column, table

COLUMNS: Final = (
    Column(title="CODEBASE", least=6, rank=2),
    Column(title="SESSION", rank=1),
    Column(title="WHEN", rank=3),
    Column(title="KIND", rank=4),
    Column(title="FOUND", least=16),
)


def search(
    *query: str,
    codebase: InCodebase = None,
    limit: Annotated[PositiveInt, Parameter(name=("--limit", "-n"))] = 20,
    options: Connection = None,
) -> int:
    """Search the prompts, answers, commands and paths of all sessions.

    Exit code 1: nothing was found.

    Example: `opencode-ledger search total cart`

    Parameters
    ----------
    query
        The words to look for.
    codebase
        Search only this codebase: its name, id, or a part of its id.
    limit
        How many places to list.

    """
    options = options or Options()
    if not any(word.strip() for word in query):
        raise CommandFailed("Give the words to look for: `opencode-ledger search total cart`.")
    server, paper = Server(options), Paper(no_color=options.no_color)
    inside = codebase_of(server, codebase, options)["id"] if codebase else None
    with server.knowing("search"):
        found: Item = server.get("/search", q=" ".join(query), codebase=inside, limit=min(limit, 500))
    if options.json:
        print_json(found)
        return 0 if found["results"] else 1
    if not found["results"]:
        paper.line("Nothing was found.")
        return 1
    paper.lines(table(COLUMNS, [_row(paper, one) for one in found["results"]], paper.width, titles=not options.quiet))
    if not options.quiet and found["total"] > len(found["results"]):
        paper.hint(f"{len(found['results'])} of {found['total']} places; -n lists more")
    return 0


def _row(paper: Paper, one: Item) -> list[Piece | str]:
    return [
        (one["codebase"]["name"], "bold"),
        paper.identity(one.get("session_id")),
        clock(one.get("at"), now()),
        (one["kind"], "dim"),
        words(one["excerpt"]),
    ]
