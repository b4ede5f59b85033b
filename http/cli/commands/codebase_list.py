"""The codebases and what their agents are doing, as `ps` prints them. Imports little: see `late`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from ..connection.moments import time_of
from ..connection.options import Options
from ..connection.server import Item, Refused, Server
from ..layout.amounts import age, dollars, now, remaining, words
from ..layout.asked import in_short
from ..layout.paper import Paper, Piece, print_json
from ..layout.table import Column, table

STATES: Final = {
    "needs_you": ("! needs you", "bold yellow"),
    "running": ("● running", "cyan"),
    "waiting_for_slot": ("○ waiting", ""),
    "interrupted": ("‖ interrupted", "magenta"),
    "failed": ("✗ failed", "red"),
    "idle": ("· idle", "dim"),
}
"""The states of an agent: how each is printed. The order is that of the table."""

COLUMNS: Final = (
    Column(title="CODEBASE", least=8),
    Column(title="AGENT"),
    Column(title="SINCE", right=True, rank=2),
    Column(title="QUEUE", right=True, rank=3),
    Column(title="SESSION", least=12, rank=1),
    Column(title="COST", right=True, rank=4),
    Column(title="ID", rank=5),
)


def print_codebases(options: Options, at: str | None = None) -> int:
    """Print them, those that need a person first. `at`: as they were at this time. Raises `CommandFailed`."""
    server, paper = Server(options), Paper(no_color=options.no_color)
    codebases: list[Item] = server.get("/codebases")
    if at is not None:
        return _print_earlier(server, paper, options, codebases, str(time_of(at)))
    if options.json:
        print_json(codebases)
        return 0
    if not codebases:
        unseen = ", or none that your token shows" if server.address.token else ""
        paper.line(f"There are no codebases yet{unseen}. Register a directory with `opencode-ledger codebase add`.")
        return 0
    _print_views(
        server,
        paper,
        options,
        [(one, one["overview"] if "overview" in one else _without_overview(server, one)) for one in codebases],
    )
    return 0


def _print_views(server: Server, paper: Paper, options: Options, views: list[tuple[Item, Item]]) -> None:
    """Print a line for each codebase, and the totals."""
    if any(_state(view) == "needs_you" for _, view in views):
        _add_requests(server, views)
    views.sort(key=lambda pair: (list(STATES).index(_state(pair[1])), pair[0]["name"]))
    at = now()
    rows = [_row(paper, one, view, at) for one, view in views]
    paper.lines(table(COLUMNS, rows, paper.width, titles=not options.quiet))
    if not options.quiet:
        paper.hint(_totals([view for _, view in views]))


def _print_earlier(server: Server, paper: Paper, options: Options, codebases: list[Item], at: str) -> int:
    """Print what the agents were doing at a time. Codebases that were not registered yet are left out."""
    found = list[tuple[Item, Item]]()
    for one in codebases:
        try:
            found.append((one, server.get(f"/codebases/{one['id']}/status", at=at)))
        except Refused as error:
            if error.status != 400:  # the time is before its first event
                raise
    if options.json:
        print_json([{**_plain(one), "status": status} for one, status in found])
    elif not found:
        paper.line("There was no codebase then.")
    else:
        _print_views(server, paper, options, [(one, _view(status)) for one, status in found])
    return 0


def _plain(codebase: Item) -> Item:
    """A codebase without what it is doing now."""
    return {name: value for name, value in codebase.items() if name != "overview"}


def _without_overview(server: Server, codebase: Item) -> Item:
    """What is known of an agent from a service that gives no overview."""
    status = server.get(f"/codebases/{codebase['id']}/status")
    return _view(status, server.get(f"/codebases/{codebase['id']}/permissions", limit=1)["total"])


def _view(status: Item, waiting: int = 0) -> Item:
    """An overview made of an agent's status."""
    state = "waiting_for_slot" if status["status"] == "pending" else status["status"]
    return {
        "state": "needs_you" if waiting else state,
        "since": status["started_at"],
        "queued": status["queue"]["pending"],
        "session": {"prompt": status["current_task"]} if status["current_task"] else None,
        "waiting": waiting,
    }


def _add_requests(server: Server, views: Iterable[tuple[Item, Item]]) -> None:
    """What each agent asks, in its view."""
    try:
        waiting: list[Item] = server.pages("/permissions", "permissions", 500)
    except Refused:
        return
    first = {asked["codebase"]["id"]: asked for asked in reversed(waiting)}
    for codebase, view in views:
        if (asked := first.get(codebase["id"])) is not None:
            view["asks"], view["expires_at"] = in_short(asked), asked["expires_at"]


def _state(view: Item) -> str:
    state = view.get("state")
    return state if state in STATES else "idle"


def _row(paper: Paper, codebase: Item, view: Item, at: datetime) -> Sequence[Piece | str]:
    state = _state(view)
    cost = view.get("cost")
    return (
        codebase["name"],
        STATES[state],
        age(view.get("since"), at),
        str(view.get("queued", 0)),
        (_about(view, state, at), "" if state not in ("failed", "idle") else "dim"),
        dollars(cost) if cost is not None else "-",
        (paper.identity(codebase["id"]), "dim"),
    )


def _about(view: Item, state: str, at: datetime) -> str:
    """What a person wants to know of an agent in this state."""
    session: Item = view.get("session") or {}
    prompt = words(session.get("prompt"))
    if state == "needs_you":
        expires = view.get("expires_at")
        until = f"  (expires {remaining(expires, at)})" if expires else ""
        return f"{view.get('asks') or prompt}{until}"
    if state == "failed":
        return words(view.get("reason")) or prompt
    return prompt


def _totals(views: Iterable[Item]) -> str:
    states = [_state(view) for view in views]
    every: list[Item] = list(views)
    parts = [f"{states.count('running')} of {len(states)} running"]
    parts += [f"{states.count('needs_you')} needs you"] if "needs_you" in states else []
    queued = _sum(every, "queued")
    parts += [f"{int(queued)} queued"] if queued else []
    parts += [f"{dollars(_sum(every, 'cost_today'))} today"] if any("cost_today" in view for view in every) else []
    return " · ".join(parts)


def _sum(views: Iterable[dict[str, Any]], name: str) -> float:
    return sum(float(view.get(name) or 0) for view in views)
