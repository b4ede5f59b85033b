"""Requests: how many are answered in a second, and how long a list of very many tasks takes.

    python -m scripts.bench.requests [--seconds 3] [--rounds 3] [--tasks 100000]

The service runs in a process of its own, and so does what asks it (`hammer.py`), over 16 connections. What a GET is
compared with is a bare aiohttp handler that gives the very same bytes, measured in turns with the service. Tasks are
queued durably: over 16 codebases, and over one alone, whose agents are busy all the while. The lists are asked for over one
connection, one page at a time and each another, of a log that holds that many tasks over 10 codebases, nine of ten cancelled.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

from rich.console import Console

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain import events as e
from opencode_ledger.domain.events.wire import encode
from opencode_ledger.domain.ids import CodebaseId, SessionId, TaskId, Timestamp
from opencode_ledger.domain.ids import Sequence as Number
from opencode_ledger.projections.runner import Projections

from .figures import Spread, spread_table
from .running import ROOT, Agent, NotStarted, service, serving

READ_TARGET: Final = 0.5
"""Of what a bare handler with the same bytes answers in a second."""

QUEUE_TARGET: Final = 1500.0
"""Tasks queued in a second, durably, on two cores."""

LIST_TARGET: Final = 10.0
"""Milliseconds in which half of the pages of tasks must be answered."""

LAST_PAGE: Final = "those cancelled, the last page"
"""Without a target: what is passed over must be walked through."""

PAGES: Final = 2000
"""Different pages of a list, many more than the service remembers."""

CONNECTIONS: Final = 16
CODEBASES: Final = 10
API: Final = "/v1/opencode"
READS: Final = (f"{API}/status", f"{API}/codebases")
TASK: Final = json.dumps({"title": "Add tests", "prompt": "Add tests for the cart", "priority": 1})
Kind = Literal["reads", "queued", "lists"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
AT: Final = Timestamp("2026-01-01T00:00:00.000Z")


@dataclass(frozen=True)
class Answers:
    """What the hammer found out; every answer must have had the status 200."""

    rate: float
    delays: Spread


@dataclass
class Figures:
    """What was measured. `reads`: for each path the ratio to the bare handler in each round, and the rate."""

    ratios: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    rates: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    queued: dict[str, Answers] = field(default_factory=dict[str, Answers])
    lists: dict[str, Answers] = field(default_factory=dict[str, Answers])


async def measure(seconds: float, rounds: int, tasks: int, only: Collection[Kind] = KINDS) -> Figures:
    """All figures, or only some kinds of them, one after another."""
    figures = Figures()
    measures: Mapping[Kind, Callable[[Path], Awaitable[None]]] = {
        "reads": lambda folder: _reads(folder, figures, seconds, rounds),
        "queued": lambda folder: _queued(folder, figures, seconds),
        "lists": lambda folder: _lists(folder, figures, seconds, tasks),
    }
    for kind, measured in measures.items():
        if kind in only:
            with tempfile.TemporaryDirectory() as folder:
                await measured(Path(folder))
    return figures


async def _reads(folder: Path, figures: Figures, seconds: float, rounds: int) -> None:
    words = ("scripts.bench.floor", str(folder), "0")
    async with service(folder, CODEBASES) as agents, serving(*words, log=folder / "floor.log") as floor:
        ours = _origin(agents[0].url)
        for path in READS:
            async with agents[0].http.get(ours + path) as response:
                body = await response.read()
            async with agents[0].http.post(f"{floor}/same", data=body) as response:
                response.raise_for_status()
            for _ in range(rounds):
                mine = await _hammer(ours, [_get(path)], CONNECTIONS, seconds)
                bare = await _hammer(floor, [_get("/same")], CONNECTIONS, seconds)
                figures.ratios.setdefault(path, []).append(mine.rate / bare.rate)
                figures.rates.setdefault(path, []).append(mine.rate)


async def _queued(folder: Path, figures: Figures, seconds: float) -> None:
    async with service(folder, CONNECTIONS) as agents:
        for agent in agents:
            await agent.trigger("hang")
        await asyncio.gather(*(_at_work(agent) for agent in agents))  # their start is not measured
        for name, asked in (("16 codebases", agents), ("one codebase", agents[:1])):
            requests = [_post(f"{urlsplit(agent.url).path}/tasks", TASK) for agent in asked]
            figures.queued[name] = await _hammer(agents[0].url, requests, CONNECTIONS, seconds)


async def _at_work(agent: Agent) -> None:
    async with aclosing(agent.events()) as stream:
        said = b""
        async for piece in stream:
            said += piece
            if b"event: message_delivered" in said:
                return


async def _lists(folder: Path, figures: Figures, seconds: float, tasks: int) -> None:
    (folder / "data").mkdir()
    codebase = await _fill(folder / "data", tasks)
    options = ("--port", "0", "--data", str(folder / "data"), "--opencode-home", str(folder / "home"), "--new-proofs")
    await _views_made(folder / "data")
    async with serving("opencode_ledger", "serve", *options, log=folder / "service.log") as url:
        for name, path in {
            "all": f"{API}/tasks?",
            "those that wait": f"{API}/tasks?status=pending",
            LAST_PAGE: f"{API}/tasks?status=cancelled",
            "one codebase's": f"{API}/codebases/{codebase}/tasks?",
            "one codebase's that wait": f"{API}/codebases/{codebase}/tasks?status=pending",
        }.items():
            before = tasks * 9 // 10 - PAGES - 50 if name == LAST_PAGE else 0
            pages = [_get(f"{path}&offset={before + number}") for number in range(PAGES)]
            figures.lists[name] = await _hammer(url, pages, 1, seconds)


async def _fill(data: Path, tasks: int) -> CodebaseId:
    """A log with that many tasks, nine of ten cancelled. No agent starts the others: its session is interrupted."""
    codebases = [CodebaseId(f"cb_{number}") for number in range(CODEBASES)]
    async with SqliteEventStore.open(data / "ledger.db") as store:
        for codebase in codebases:
            session = e.Common(session_id=SessionId(f"sess_{codebase}"), task_id=None, timestamp=AT)
            events: list[e.Event] = [
                e.CodebaseRegistered(codebase_id=codebase, name=codebase, path=f"/{codebase}", timestamp=AT),
                e.SessionStarted(prompt="Add tests", agent="build", **session),
                e.SessionInterrupted(**session),
            ]
            for number in range(tasks // CODEBASES):
                task = TaskId(f"task_{codebase}_{number}")
                events.append(
                    e.TaskCreated(task_id=task, title="Add tests", prompt="Add tests", agent_type="build", timestamp=AT)
                )
                if number % 10:
                    events.append(e.TaskCancelled(task_id=task, timestamp=AT))
            for start in range(0, len(events), 1000):
                page = [encode(event) for event in events[start : start + 1000]]
                await store.append(codebase, Number(start), page)
    return codebases[0]


async def _views_made(data: Path) -> None:
    """Make the views now, so that the service's start doesn't take long."""
    async with SqliteEventStore.open(data / "ledger.db") as store:
        await (await Projections.open(data / "views.db", store)).close()


async def _hammer(url: str, requests: Sequence[str], connections: int, seconds: float) -> Answers:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "scripts/bench/hammer.py")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    what = {"port": urlsplit(url).port, "requests": list(requests), "connections": connections, "seconds": seconds}
    output, _ = await process.communicate(json.dumps(what).encode())
    report = json.loads(output)
    statuses: Mapping[str, int] = report["statuses"]
    if set(statuses) != {"200"}:
        raise NotStarted(f"{requests[0]!r} was answered with {statuses}")
    return Answers(len(report["delays"]) / report["taken"], Spread(report["delays"]))


def _origin(url: str) -> str:
    return f"http://{urlsplit(url).netloc}"


def _get(path: str) -> str:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _post(path: str, body: str) -> str:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}"


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="of each GET, in turns with the bare handler")
    parser.add_argument("--tasks", type=int, default=100_000, help="in the log whose tasks are listed")
    parser.add_argument("--only", choices=KINDS, action="append", help="measure this and nothing else; may be repeated")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.seconds, options.rounds, options.tasks, options.only or KINDS))
    for path, ratios in figures.ratios.items():
        print(f"GET {path}: {statistics.median(figures.rates[path]):,.0f}/s, {statistics.median(ratios):.2f} × bare")
    table = spread_table("answers", "per second")
    for name, answers in (*figures.queued.items(), *figures.lists.items()):
        table.add_row(name, *answers.delays.cells, f"{answers.rate:,.0f}")
    if figures.queued or figures.lists:
        Console().print(table)


if __name__ == "__main__":
    main()
