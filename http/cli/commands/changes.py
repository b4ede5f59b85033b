"""`opencode-ledger diff`: the files that a session changed."""

from typing import Annotated, Final

from cyclopts import Parameter

from ..connection.candidates import Codebase
from ..connection.names import codebase_of, session_of
from ..connection.options import Connection, Options
from ..connection.server import Item, Server
from ..layout.paper import Paper, Piece, print_json
from ..layout.table import Column, table
from ..way_out import write_data

SIGNS: Final = {"create": ("A", "green"), "modify": ("M", "cyan"), "delete": ("D", "red")}

COLUMNS: Final = (
    Column(title=""),
    Column(title="FILE", least=12),
    Column(title="+", right=True),
    Column(title="-", right=True),
)


def diff(
    codebase: Codebase = None,
    session: str | None = None,
    /,
    *,
    path: Annotated[str | None, Parameter(name=("--path", "-p"))] = None,
    stat: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    options: Connection = None,
) -> int:
    """Show what a session changed in the files of a codebase, as a unified diff that `git apply` reads.

    Example: `opencode-ledger diff shop --stat`

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.
    session
        The session's id, or a part of it. Default: the newest session.
    path
        Show only this file.
    stat
        List the files with the numbers of added and removed lines.

    """
    options = options or Options()
    server, paper = Server(options), Paper(no_color=options.no_color)
    found = codebase_of(server, codebase, options)
    place = f"/codebases/{found['id']}/sessions/{session_of(server, found, session)['id']}/changes"
    changes: Item = server.later(place, "show diffs")
    if options.json:
        print_json(changes)
        return 0
    files = [one for one in changes["files"] if path is None or one["path"] == path]
    if not files:
        paper.line("The session changed no file." if path is None else f"The session did not change {path}.")
        return 0
    if stat:
        paper.lines(table(COLUMNS, [_row(one) for one in files], paper.width, titles=False))
        return 0
    for one in files:
        if one["diff_recorded"]:
            _print(paper, server.text(f"{place}/diff", path=one["path"]))
        else:
            paper.line((f"# {one['action']} {one['path']}: no diff was recorded", "dim"))
    return 0


def _row(one: Item) -> list[Piece | str]:
    added, removed = one.get("additions"), one.get("deletions")
    return [
        SIGNS.get(one["action"], ("?", "")),
        one["path"],
        (f"+{added}" if added is not None else "", "green"),
        (f"-{removed}" if removed is not None else "", "red"),
    ]


def _print(paper: Paper, text: str) -> None:
    """A diff: as it is for a program, in colours and with its hidden characters made visible for a person."""
    if paper.width is None:
        write_data([text.encode()])
        return
    for line in text.split("\n")[:-1]:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        paper.line((line.expandtabs(8), "bold" if line.startswith(("+++", "---", "diff ")) else style))
