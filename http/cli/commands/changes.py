"""`opencode-ledger diff`: the files that a session changed."""

import os
from collections.abc import Sequence
from typing import Annotated, Final

from cyclopts import Parameter

from ..connection.candidates import Codebase
from ..connection.names import session_meant
from ..connection.parameters import Connection, Options
from ..connection.server import Item, Server
from ..failures import CommandFailed
from ..layout.paper import Paper, Piece, print_json
from ..layout.patch import patch_of
from ..layout.table import Column, table
from ..parsing.similar import suggested
from ..way_out import write_data

SIGNS: Final = {"create": ("A", "green"), "modify": ("M", "cyan"), "delete": ("D", "red")}

WHY: Final = {
    "not_compared": "opencode did not compare it",
    "binary_or_empty": "binary or empty",
    "too_large": "the diff is too large to record",
}
"""Why a file has no diff, by the reason that the service gives."""

MANY: Final = 100_000

COLUMNS: Final = (
    Column(title=""),
    Column(title="FILE", least=12),
    Column(title="+", right=True),
    Column(title="-", right=True),
    Column(title="", rank=1),
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

    Diffs are recorded when the session ends. A file without one is named in a line that begins with `#`.

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
    found, named = session_meant(server, codebase, session, options)
    place = f"/codebases/{found['id']}/sessions/{named['id']}/changes"
    with server.knowing("show diffs"):
        every = server.pages(place, "files", MANY)
    files = every if path is None else [_file(path, every, found, options)]
    if options.json:
        whole = files if stat else [{**one, "diff": _recorded(server, place, one)} for one in files]
        print_json({"codebase_id": found["id"], "session_id": named["id"], "files": whole, "total": len(whole)})
    elif not files:
        paper.line(f"The session changed no file{' so far' if named['ended_at'] is None else ''}.")
    elif stat:
        paper.lines(table(COLUMNS, [_row(one) for one in files], paper.width, titles=False))
    else:
        for one in files:
            _print(paper, one, _recorded(server, place, one))
    return 0


def _file(path: str, files: Sequence[Item], codebase: Item, options: Options) -> Item:
    """The file that is meant: by its path in the codebase, or as seen from this directory. Raises `CommandFailed`."""
    known = {one["path"]: one for one in files}
    seen_from_here = os.path.relpath(os.path.normpath(options.place / path), codebase["path"])
    found = known.get(path) or known.get(seen_from_here)
    if found is None:
        raise CommandFailed(f"The session did not change {path}.{suggested(path, known)}")
    return found


def _recorded(server: Server, place: str, file: Item) -> str | None:
    """The diff of a file as a patch, or None if it was not recorded."""
    if not file["diff_recorded"]:
        return None
    return patch_of(file["path"], file["action"], server.text(f"{place}/diff", path=file["path"]))


def _row(one: Item) -> list[Piece | str]:
    if not one["diff_recorded"]:
        return [SIGNS.get(one["action"], ("?", "")), one["path"], "", "", (_why(one), "dim")]
    counts = [
        (f"{sign}{one[name]}", style) for name, sign, style in (("additions", "+", "green"), ("deletions", "-", "red"))
    ]
    return [SIGNS.get(one["action"], ("?", "")), one["path"], *counts, ""]


def _why(one: Item) -> str:
    return WHY.get(one.get("reason") or "", "no diff was recorded")


def _print(paper: Paper, file: Item, patch: str | None) -> None:
    """A diff: as it is for a program, in colours and with its hidden characters made visible for a person."""
    if patch is None:
        paper.line((f"# {file['action']} {file['path']}: {_why(file)}", "dim"))
    elif paper.width is None:
        write_data([patch.encode()])
    else:
        for line in patch.split("\n")[:-1]:
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            paper.line((line.expandtabs(8), "bold" if line.startswith(("+++", "---")) else style))
