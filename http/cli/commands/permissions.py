"""`opencode-ledger permissions`: what agents ask, and a person's answers."""

from typing import Annotated, Final

from cyclopts import App, Parameter

from ..connection.candidates import Codebase, Request
from ..connection.names import codebase_of, one_of
from ..connection.parameters import Connection, Options, Text
from ..connection.server import Item, Refused, Server
from ..failures import CommandFailed
from ..layout.amounts import now, remaining
from ..layout.asked import in_short, parts_of
from ..layout.paper import Paper, Piece, print_json
from ..layout.table import Column, table
from ..replies import answers_of

app = App(name="permissions", help="List what agents wait for; approve, reject and answer it.")

COLUMNS: Final = (
    Column(title="ID"),
    Column(title="CODEBASE", least=6, rank=2),
    Column(title="ASKS", least=14),
    Column(title="EXPIRES", right=True, rank=1),
    Column(title="SESSION", rank=3),
)


@app.default
def listed(codebase: Codebase = None, /, *, options: Connection = None) -> int:
    """List the permission requests and questions that wait for an answer; those that expire first come first.

    Example: `opencode-ledger permissions`, then `opencode-ledger permissions approve jOw4aB1`

    Parameters
    ----------
    codebase
        Its name, id, or a part of its id. Default: all codebases.

    """
    options = options or Options()
    server, paper = Server(options), Paper(no_color=options.no_color)
    waiting = _waiting(server, codebase_of(server, codebase, options, list(app)) if codebase else None)
    if options.json:
        print_json({"permissions": waiting, "total": len(waiting)})
        return 0
    if not waiting:
        paper.line("No agent waits for an answer.")
        return 0
    paper.lines(table(COLUMNS, [_row(paper, one) for one in waiting], paper.width, titles=not options.quiet))
    if not options.quiet:
        paper.hint("permissions approve ID [--always] · reject ID [-m WORDS] · answer ID ANSWER…")
    return 0


@app.command
def approve(
    permission: Request,
    /,
    *,
    always: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    options: Connection = None,
) -> int:
    """Approve a permission request: the tool runs.

    Parameters
    ----------
    permission
        Its id, or a part of it. `opencode-ledger permissions` lists them.
    always
        Don't ask again for what the request's pattern covers, while the agent's process lives.

    """
    return _reply(permission, options or Options(), {"reply": "always" if always else "once"}, "Approved", "permission")


@app.command
def reject(
    permission: Request,
    /,
    *,
    message: Annotated[Text, Parameter(name=("--message", "-m"))] = None,
    options: Connection = None,
) -> int:
    """Reject a permission request or a question. Without a message the run ends as failed.

    Parameters
    ----------
    permission
        Its id, or a part of it. `opencode-ledger permissions` lists them.
    message
        What the agent shall do instead. It gets the message and continues.

    """
    return _reply(permission, options or Options(), {"reply": "reject", "message": message}, "Rejected")


@app.command
def answer(permission: Request, /, *answers: str, options: Connection = None) -> int:
    """Answer a question of an agent.

    Give one argument for each part of the question: the label of an option, its number in the list, or your own words.
    Separate several choices with commas. An empty argument (`""`) leaves a part open.

    Example: `opencode-ledger permissions answer jOw4aB1 sqlite`

    Parameters
    ----------
    permission
        Its id, or a part of it. `opencode-ledger permissions` lists them.
    answers
        The answers, in the order of the question's parts.

    """
    options = options or Options()
    server = Server(options)
    asked = _found(server, permission)
    if asked["kind"] != "question":
        raise CommandFailed(f"{Paper().identity(asked['id'])} is no question: approve or reject it.")
    chosen = answers_of(parts_of(asked["args"]), answers)
    return _settle(server, asked, options, {"reply": "once", "answers": chosen}, "Answered")


def _reply(given: str, options: Options, body: dict[str, object], said: str, kind: str | None = None) -> int:
    server = Server(options)
    asked = _found(server, given)
    if kind is not None and asked["kind"] != kind:
        raise CommandFailed(
            f"{Paper().identity(asked['id'])} is a question: `opencode-ledger permissions answer` answers it."
        )
    return _settle(server, asked, options, body, said)


def _settle(server: Server, asked: Item, options: Options, body: dict[str, object], said: str) -> int:
    codebase: Item = asked["codebase"]
    answer = server.post(f"/codebases/{codebase['id']}/permissions/{asked['id']}", body)
    if options.json:
        print_json(answer)
    elif not options.quiet:
        Paper(no_color=options.no_color).line(f"{said} for {codebase['name']}: {in_short(asked)}")
    return 0


def _found(server: Server, given: str) -> Item:
    """A request that waits. Raises `CommandFailed`."""
    waiting = {one["id"]: one for one in _waiting(server, None)}
    return waiting[one_of(given, "waiting request", waiting, "permissions")]


def _waiting(server: Server, codebase: Item | None) -> list[Item]:
    """All requests that wait, each with its codebase; the nearest deadline first."""
    if codebase is None:
        try:
            return server.pages("/permissions", "permissions", 10_000)
        except Refused as error:
            if error.status != 404:
                raise
    named: list[Item] = [codebase] if codebase is not None else server.get("/codebases")
    found: list[Item] = []
    for one in named:
        for asked in server.pages(f"/codebases/{one['id']}/permissions", "permissions", 10_000):
            asked["codebase"] = {"id": one["id"], "name": one["name"]}
            found.append(asked)
    return sorted(found, key=lambda asked: str(asked["expires_at"] or "9"))


def _row(paper: Paper, asked: Item) -> list[Piece | str]:
    return [
        (paper.identity(asked["id"]), "bold"),
        asked["codebase"]["name"],
        (in_short(asked), "yellow"),
        remaining(asked["expires_at"], now()),
        paper.identity(asked["session_id"]),
    ]
