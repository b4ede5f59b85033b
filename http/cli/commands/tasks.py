"""`opencode-ledger tasks`: the queue of a codebase."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter
from cyclopts.types import PositiveInt

from ..connection.candidates import Codebase, InCodebase, Task
from ..connection.moments import moment_of
from ..connection.names import SEARCHED, codebase_of, one_of
from ..connection.parameters import Connection, Options, Text
from ..connection.server import Item, Refused, Server
from ..failures import CommandFailed
from ..layout.amounts import age, now, words
from ..layout.paper import Paper, Piece, print_json
from ..layout.table import Column, table
from ..layout.who import name, without_names
from ..texts import given_text, redirected

app = App(name="tasks", help="The queue: list, add, cancel, move, edit and retry tasks.")

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Priority = Annotated[int | None, Parameter(name=("--priority", "-p"))]

BEGUN: Final = ("running", "interrupted")
"""The states of tasks that have begun and not ended."""

MANY: Final = 10_000

STYLES: Final = {"running": "cyan", "completed": "green", "failed": "red", "interrupted": "magenta", "cancelled": "dim"}

COLUMNS: Final = (
    Column(title="#", right=True, rank=4),
    Column(title="PRIO", right=True, rank=3),
    Column(title="STATUS", rank=1),
    Column(title="AGE", right=True, rank=2),
    Column(title="BY", least=6, rank=2),
    Column(title="TASK", least=12),
    Column(title="ID"),
)


@app.default
def listed(
    codebase: Codebase = None,
    /,
    *,
    all_: Annotated[bool, Parameter(name=("--all", "-a"), negative="", show_default=False)] = False,
    limit: Annotated[PositiveInt, Parameter(name=("--limit", "-n"))] = 50,
    at: str | None = None,
    options: Connection = None,
) -> int:
    """List the tasks that run or wait, in the order in which they start.

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.
    all_
        List the tasks that have ended too, newest first.
    limit
        How many tasks to list.
    at
        List them as they were at this time (08:15, or 2026-01-31T12:00:00Z), or after the event with this number.

    """
    options = options or Options()
    server, paper = Server(options), Paper(no_color=options.no_color)
    found = codebase_of(server, codebase, options, list(app))
    moment = moment_of(at)
    tasks = _ended_too(server, found, limit, moment) if all_ else _waiting(server, found, moment)[:limit]
    if options.json:
        print_json({"tasks": tasks, "total": len(tasks)})
        return 0
    if not tasks:
        has, runs = ("had", "ran or waited then") if at else ("has", "runs or waits")
        paper.line(f"{found['name']} {has} no task{'' if all_ and not at else f' that {runs}'}.")
        return 0
    columns, rows = without_names(COLUMNS, _rows(paper, tasks, now()))
    paper.lines(table(columns, rows, paper.width, titles=not options.quiet))
    return 0


@app.command
def add(
    title: str,
    /,
    *,
    prompt: Text = None,
    file: Path | None = None,
    codebase: InCodebase = None,
    priority: Priority = None,
    model: str | None = None,
    agent: str | None = None,
    options: Connection = None,
) -> int:
    """Add a task to the queue. It starts by itself when the agent is free.

    Example: `opencode-ledger tasks add "Upgrade React" -p 5 < prompt.md`

    Parameters
    ----------
    title
        What the list shows.
    prompt
        The prompt. `-`: read it from standard input. Default: standard input if it is redirected, else the title.
    file
        A file with the prompt.
    codebase
        Its name, id, or a part of its id. Default: the codebase of this directory.
    priority
        A higher priority starts first. Default: 0.
    model
        The model, as provider/model.
    agent
        The agent: build, plan, explore or general.

    """
    options = options or Options()
    text = redirected() or title if prompt is None and file is None else given_text(prompt, file, "the prompt")
    server = Server(options)
    found = codebase_of(server, codebase, options)
    body: dict[str, object] = {
        "title": title,
        "prompt": text,
        "priority": priority,
        "model": model,
        "agent_type": agent,
    }
    answer = server.post(f"/codebases/{found['id']}/tasks", body)
    held: Item | None = answer.get("held")
    waits = f" It can't start yet: {held['message']}" if held else ""
    return _said(options, answer, f"Queued {_identity(answer['task'])} for {found['name']}.{waits}")


@app.command
def cancel(task: Task, /, *, options: Connection = None) -> int:
    """Remove a task from the queue, or stop the session that works on it.

    Parameters
    ----------
    task
        Its id, or a part of it. `opencode-ledger tasks` lists them.

    """
    options = options or Options()
    server = Server(options)
    found = _found(server, task)
    answer = server.post(f"/tasks/{found['id']}/cancel")
    return _said(options, answer, f"Cancelled {_named(found)}.")


@app.command
def move(
    task: Task,
    /,
    *,
    top: Flag = False,
    bottom: Flag = False,
    before: str | None = None,
    options: Connection = None,
) -> int:
    """Change the place of a task that waits.

    Parameters
    ----------
    task
        Its id, or a part of it. `opencode-ledger tasks` lists them.
    top
        It starts next.
    bottom
        It starts last.
    before
        It starts just before this task: its id, or a part of it.

    """
    options = options or Options()
    if sum((top, bottom, before is not None)) != 1:
        raise CommandFailed("Say where to: one of --top, --bottom and --before TASK.")
    server = Server(options)
    moved = _found(server, task)
    place: Any = "first" if top else "last" if bottom else {"before": _waits_too(server, str(before), moved)["id"]}
    return _changed(server, options, moved, {"position": place}, "Moved")


@app.command
def edit(
    task: Task,
    /,
    *,
    title: Text = None,
    prompt: Text = None,
    file: Path | None = None,
    priority: Priority = None,
    options: Connection = None,
) -> int:
    """Change a task that waits: its title, prompt or priority.

    Parameters
    ----------
    task
        Its id, or a part of it. `opencode-ledger tasks` lists them.
    title
        What the list shows.
    prompt
        The new prompt. `-`: read it from standard input.
    file
        A file with the new prompt.
    priority
        A higher priority starts first.

    """
    options = options or Options()
    text = given_text(prompt, file, "the prompt") if prompt is not None or file is not None else None
    body: dict[str, object] = {"title": title, "prompt": text, "priority": priority}
    if all(value is None for value in body.values()):
        raise CommandFailed("Say what to change: --title, --prompt, --file or --priority.")
    server = Server(options)
    return _changed(server, options, _found(server, task), body, "Changed")


@app.command
def retry(task: Task, /, *, options: Connection = None) -> int:
    """Queue an ended task again, as a new task.

    Parameters
    ----------
    task
        Its id, or a part of it. `opencode-ledger tasks --all` lists them.

    """
    options = options or Options()
    server = Server(options)
    found = _found(server, task)
    with server.knowing("retry tasks"):
        answer = server.post(f"/tasks/{found['id']}/retry")
    return _said(options, answer, f"Queued {_named(answer['task'])}, which repeats {_identity(found)}.")


def _changed(server: Server, options: Options, task: Item, body: dict[str, object], said: str) -> int:
    with server.knowing("change tasks"):
        answer = server.send("PATCH", f"/tasks/{task['id']}", body)
    return _said(options, answer, f"{said} {_named(answer['task'])}.")


def _waits_too(server: Server, given: str, moved: Item) -> Item:
    """The task before which another shall stand. Raises `CommandFailed`."""
    found = _found(server, given)
    if found["codebase_id"] != moved["codebase_id"]:
        raise CommandFailed(f"{_named(found)} is in the queue of another codebase.")
    if found["status"] != "pending":
        raise CommandFailed(f"{_named(found)} does not wait in the queue: it is {found['status']}.")
    return found


def _said(options: Options, answer: Item, sentence: str) -> int:
    if options.json:
        print_json(answer)
    elif not options.quiet:
        Paper(no_color=options.no_color).line(sentence)
    return 0


def _found(server: Server, given: str) -> Item:
    """A task by its id or a part of it, among the newest of all codebases. Raises `CommandFailed`."""
    found = {one["id"]: one for one in server.pages("/tasks", "tasks", SEARCHED)}
    return found[one_of(given, "task", found, "tasks --all")]


def _identity(task: Item) -> str:
    return Paper().identity(task["id"])


def _named(task: Item) -> str:
    return f"{_identity(task)} ({words(task['title'])})"


def _waiting(server: Server, codebase: Item, at: str | None) -> list[Item]:
    """The tasks that have not ended: first the one that runs, then the others as they start."""
    path = f"/codebases/{codebase['id']}/tasks"
    begun = [task for status in BEGUN for task in server.pages(path, "tasks", MANY, status=status, at=at)]
    try:
        return begun + server.pages(path, "tasks", MANY, order="queue", at=at)
    except Refused as error:
        if error.status != 400:
            raise
    # A service of an earlier version doesn't know the order: higher priority first, then first come first served.
    queued = server.pages(path, "tasks", MANY, status="pending", at=at)
    return begun + sorted(queued, key=lambda task: (-int(task["priority"]), str(task["id"])))


def _ended_too(server: Server, codebase: Item, limit: int, at: str | None) -> list[Item]:
    return server.pages(f"/codebases/{codebase['id']}/tasks", "tasks", limit, at=at)


def _rows(paper: Paper, tasks: list[Item], at: datetime) -> list[list[Piece | str]]:
    rows: list[list[Piece | str]] = []
    place = 0
    for task in tasks:
        status = task["status"]
        place += status == "pending"
        why = f"  ({task['reason']})" if task.get("reason") else ""
        rows.append(
            [
                str(place) if status == "pending" else "-",
                str(task["priority"]),
                ("queued" if status == "pending" else status, STYLES.get(status, "")),
                age(task["created_at"], at),
                name(task),
                words(task["title"]) + why,
                (paper.identity(task["id"]), "dim"),
            ]
        )
    return rows
