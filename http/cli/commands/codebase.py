"""`opencode-ledger codebase`: the directories that agents work in."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ..connection.candidates import Codebase
from ..connection.names import codebase_of
from ..connection.options import Connection, Options
from ..connection.registering import register
from ..connection.server import Item, Server
from ..failures import CommandFailed
from ..layout.amounts import clock, now
from ..layout.paper import Paper, print_json

app = App(name="codebase", help="Register, show and remove codebases, and import sessions of opencode itself.")

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Yes = Annotated[bool, Parameter(name=("--yes", "-y"), negative="", show_default=False)]


@app.command
def add(
    path: Path | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    model: str | None = None,
    auto_approve: Flag = False,
    trusted: Flag = False,
    options: Connection = None,
) -> int:
    """Register a directory, so that agents can work in it.

    Parameters
    ----------
    path
        The directory, on the machine of the service. Default: this directory.
    name
        Its name in all commands. Default: the directory's name.
    description
        A description.
    model
        The model of runs that name none, as provider/model.
    auto_approve
        Approve every permission request.
    trusted
        Run the codebase's own opencode configuration and plugins.

    """
    options = options or Options()
    server = Server(options)
    place = options.place / path.expanduser() if path else options.place
    config: Item = {"default_model": model} if model else {}
    config |= {key: True for key, wanted in (("auto_approve", auto_approve), ("trusted", trusted)) if wanted}
    added = register(server, place, name=name, description=description, config=config or None)
    if options.json:
        print_json(added)
    else:
        Paper(no_color=options.no_color).line((added["name"], "bold"), f"  {added['id']}  {added['path']}")
    return 0


@app.command
def rm(codebase: Codebase = None, /, *, yes: Yes = False, options: Connection = None) -> int:
    """Stop a codebase's agent and unregister it. Its files stay, and the log keeps its history.

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.
    yes
        Don't ask for confirmation.

    """
    options = options or Options()
    server = Server(options)
    found = codebase_of(server, codebase, options)
    if not yes:
        _confirm(found)
    answer = server.send("DELETE", f"/codebases/{found['id']}")
    if options.json:
        print_json(answer)
    elif not options.quiet:
        Paper(no_color=options.no_color).line(f"Removed {found['name']}. The log keeps its history.")
    return 0


@app.command
def show(codebase: Codebase = None, /, *, options: Connection = None) -> int:
    """Show a codebase: its directory, its configuration and what its agent is doing.

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.

    """
    options = options or Options()
    server, paper = Server(options), Paper(no_color=options.no_color)
    found = codebase_of(server, codebase, options)
    whole: Item = server.get(f"/codebases/{found['id']}")
    status: Item = server.get(f"/codebases/{found['id']}/status")
    if options.json:
        print_json({**whole, "status": status})
        return 0
    config: Item = whole["agent_config"]
    agent = status["status"] + (f" since {clock(status['started_at'], now())}" if status["started_at"] else "")
    for label, said in (
        ("name", whole["name"]),
        ("id", whole["id"]),
        ("directory", whole["path"]),
        ("description", whole["description"] or "-"),
        ("agent", agent),
        ("session", status["session_id"] or "-"),
        ("queue", f"{status['queue']['pending']} waiting {status['queue']['message'] or ''}".rstrip()),
        ("model", config.get("default_model") or "opencode's default"),
        ("approval", "every request is approved" if config.get("auto_approve") else "a person is asked"),
        ("trusted", "yes" if config.get("trusted") else "no"),
    ):
        paper.line((f"{label:<12}", "dim"), said)
    return 0


@app.command
def sync(codebase: Codebase = None, /, *, options: Connection = None) -> int:
    """Import the sessions that you ran with opencode itself in a codebase.

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.

    """
    options = options or Options()
    server = Server(options)
    found = codebase_of(server, codebase, options)
    answer = server.post(f"/codebases/{found['id']}/sessions/sync")
    if options.json:
        print_json(answer)
    else:
        skipped = f", {answer['skipped']} skipped" if answer.get("skipped") else ""
        Paper(no_color=options.no_color).line(f"{answer['synced']} imported{skipped}")
    return 0


def _confirm(codebase: Item) -> None:
    if not sys.stdin.isatty():
        raise CommandFailed(f"To remove {codebase['name']} without being asked, add --yes.")
    Paper().line(f"Stop the agent of {codebase['name']} ({codebase['path']}) and unregister it? [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandFailed("Nothing was removed.")
