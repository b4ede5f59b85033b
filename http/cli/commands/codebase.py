"""`opencode-ledger codebase`: the directories that agents work in."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ..connection.candidates import Codebase
from ..connection.moments import moment_of
from ..connection.names import codebase_of
from ..connection.parameters import Connection, Options, Text
from ..connection.registering import register
from ..connection.server import Item, Server
from ..failures import CommandFailed
from ..layout.amounts import clock, now
from ..layout.paper import Paper, print_json

app = App(name="codebase", help="Register, show, change and remove codebases, and import sessions of opencode itself.")

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Yes = Annotated[bool, Parameter(name=("--yes", "-y"), negative="", show_default=False)]


@app.command
def add(
    path: Path | None = None,
    /,
    *,
    name: str | None = None,
    description: Text = None,
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
def edit(
    codebase: Codebase = None,
    /,
    *,
    name: str | None = None,
    description: Text = None,
    model: str | None = None,
    auto_approve: bool | None = None,
    trusted: bool | None = None,
    options: Connection = None,
) -> int:
    """Change the name, the description or the configuration of a codebase. Its directory stays.

    Example: `opencode-ledger codebase edit shop --model anthropic/claude-sonnet-4 --no-auto-approve`

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.
    name
        Its new name.
    description
        Its new description.
    model
        The model of runs that name none, as provider/model. Empty (`""`): opencode's own default.
    auto_approve
        Approve every permission request.
    trusted
        Run the codebase's own opencode configuration and plugins. Read them first.

    """
    options = options or Options()
    given = {"default_model": model, "auto_approve": auto_approve, "trusted": trusted}
    config = {
        key: value or None if key == "default_model" else value for key, value in given.items() if value is not None
    }
    body: dict[str, object] = {"name": name, "description": description, "agent_config": config or None}
    if all(value is None for value in body.values()):
        raise CommandFailed("Say what to change: --name, --description, --model, --auto-approve or --trusted.")
    server = Server(options)
    found = codebase_of(server, codebase, options)
    with server.knowing("change codebases"):
        changed = server.send("PATCH", f"/codebases/{found['id']}", body)
    if options.json:
        print_json(changed)
    elif not options.quiet:
        Paper(no_color=options.no_color).line(f"Changed {changed['codebase']['name']}.")
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
def show(codebase: Codebase = None, /, *, at: str | None = None, options: Connection = None) -> int:
    """Show a codebase: its directory, its configuration and what its agent is doing.

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.
    at
        Show what the agent was doing at this time (08:15, or 2026-01-31T12:00:00Z), or after the event with this number.
        The configuration is the present one.

    """
    options = options or Options()
    server, paper = Server(options), Paper(no_color=options.no_color)
    found = codebase_of(server, codebase, options)
    whole: Item = server.get(f"/codebases/{found['id']}")
    status: Item = server.get(f"/codebases/{found['id']}/status", at=moment_of(at))
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
