"""All benchmarks, with one command: `scripts/bench/run [--quick] [--check]`.

For each promise it prints one table: the case, the target, the figure of this machine in this run, and whether the
target is met. A figure without a target is there for comparison. What the figures mean, and how they are measured,
stands at the top of each module beside this one; each can also be run alone, with more detail:

    python scripts/bench/appends.py          durable appends per second, as a ratio to a plain sqlite3 loop
    python scripts/bench/projections.py      how fast the views follow, as a ratio to plain inserts
    python -m scripts.bench.trigger          how long a trigger takes to be answered
    python -m scripts.bench.delay            from the agent's event to the subscriber's frame
    python -m scripts.bench.fairness         requests among many readers that replay a long log
    python -m scripts.bench.syncing          requests while a very long session is brought in
    python -m scripts.bench.requests         reads and queued tasks per second, and lists of very many tasks
    python -m scripts.bench.command_line     how long `ps` takes, as a ratio to the start of Python

`--quick` takes a tenth of the time, and its figures are for a first look only. `--check` ends with exit code 1 where
a target is missed. The load average is shown, for other work on the machine lengthens every delay.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from . import appends, command_line, delay, fairness, projections, requests, syncing, trigger, trust
from .figures import Check, Spread, promise_table


def appends_checks(quick: bool) -> list[Check]:
    """The log's rate against the machine's, and against the library's own recorder."""
    runs, seconds = (1, 0.25) if quick else (3, 1.0)
    checks: list[Check] = []
    for actors, figures in appends.measure(runs, seconds, None):
        log, plain, library = (figures[name] for name in appends.WRITERS)
        checks += [
            Check(f"{actors} actors, to a plain sqlite3 loop", log.over(plain), " ×", at_least=appends.TARGET),
            Check(f"{actors} actors, to the library's recorder", log.over(library), " ×"),
            Check(f"{actors} actors, appends", log.rate, "/s"),
        ]
    return checks


async def views_checks(quick: bool) -> list[Check]:
    """The views' rate."""
    store = await projections.log_of(200 if quick else 2000)
    ours: list[float] = []
    plain: list[float] = []
    for _ in range(projections.RUNS):
        with tempfile.TemporaryDirectory() as root:
            ours.append(await projections.views(store, Path(root, "views.db")))
            plain.append(await asyncio.to_thread(projections.limit, store.head, Path(root, "plain.db")))
    mine, limit = statistics.median(ours), statistics.median(plain)
    return [
        Check("events taken in", store.head / mine, "/s"),
        Check("to plain sqlite3 inserts", limit / mine, " ×"),
    ]


async def trigger_checks(quick: bool) -> list[Check]:
    """The answer to a trigger."""
    answers = await trigger.measure(agents=5 if quick else 10, rounds=2 if quick else 10)
    cold, warm, bare = Spread(answers.cold), Spread(answers.warm), Spread(answers.bare)
    return [
        Check("no process at hand, p50", cold.p50, " ms", at_most=trigger.TARGET),
        Check("a process at hand, p50", warm.p50, " ms", at_most=trigger.TARGET),
        Check("no process at hand, p99", cold.p99, " ms"),
        Check("a process at hand, p99", warm.p99, " ms"),
        Check("a bare handler with one durable row, p50", bare.p50, " ms"),
        Check("p50 to the bare handler's", cold.p50 / bare.p50, " ×"),
        Check("the very first trigger after the start", answers.first, " ms"),
    ]


async def delay_checks(quick: bool) -> list[Check]:
    """From the agent's event to the subscriber's frame."""
    load = delay.Load(seconds=1.0 if quick else 5.0)
    delays = await delay.measure(load, runs=1 if quick else 3)
    ours, bare = Spread(delays.ours), Spread(delays.bare)
    return [
        Check(f"{load.agents} agents with {load.rate} deltas/s each, p99", ours.p99, " ms", at_most=delay.TARGET),
        Check("p50", ours.p50, " ms"),
        Check("the longest", max(ours.delays), " ms"),
        Check("a bare relay, p50", bare.p50, " ms"),
        Check("a bare relay, p99", bare.p99, " ms"),
        Check("p99 to the bare relay's", ours.p99 / bare.p99, " ×"),
    ]


async def requests_checks(quick: bool) -> list[Check]:
    """Reads, tasks queued, and lists of tasks."""
    seconds, rounds, tasks = (0.5, 1, 10_000) if quick else (3.0, 3, 100_000)
    figures = await requests.measure(seconds, rounds, tasks)
    checks: list[Check] = []
    for path, ratios in figures.ratios.items():
        ratio, rate = statistics.median(ratios), statistics.median(figures.rates[path])
        checks.append(Check(f"GET {path}, to a bare handler", ratio, " ×", at_least=requests.READ_TARGET))
        checks.append(Check(f"GET {path}", rate, "/s"))
    for name, queued in figures.queued.items():
        checks.append(Check(f"tasks queued, {name}", queued.rate, "/s", at_least=requests.QUEUE_TARGET))
        checks.append(Check(f"tasks queued, {name}, p99", queued.delays.p99, " ms"))
    for name, listed in figures.lists.items():
        target = None if name == requests.LAST_PAGE else requests.LIST_TARGET
        checks.append(Check(f"of {tasks:,} tasks: {name}, p50", listed.delays.p50, " ms", at_most=target))
    return checks


async def fairness_checks(quick: bool) -> list[Check]:
    """A request among many readers that replay a long log."""
    readers = fairness.READERS
    figures = await fairness.measure(readers, seconds=2.0 if quick else 5.0, rounds=1 if quick else 3)
    among = statistics.median(figures.crowded)
    return [
        Check(f"a request among {readers} replays, to among one, p50", figures.ratio, " ×", at_most=fairness.TARGET),
        Check(f"a request among {readers} replays, p50", among, " ms"),
        Check("replayed to all of them", statistics.median(figures.rate_crowded) / 1e6, " MB/s"),
    ]


async def syncing_checks() -> list[Check]:
    """A request while a session of 50,000 parts is brought in."""
    idle, busy = await syncing.measure(syncing.SHAPES["50,000 parts"])
    return [
        Check("a request during a sync, to one of an idle service, p99", busy.p99 / idle.p99, " ×"),
        Check("a request during a sync, p99", busy.p99, " ms"),
        Check("a request during a sync, p50", busy.p50, " ms"),
    ]


def command_line_checks(quick: bool) -> list[Check]:
    """The command that a person types most."""
    times = command_line.measure(5 if quick else command_line.ROUNDS)
    return [
        Check("`ps`, to `python -c pass`", times.ratio, " ×", at_most=command_line.TARGET),
        Check("`ps`", 1000 * statistics.median(times.ps), " ms"),
    ]


def measured(quick: bool) -> Iterable[tuple[str, Sequence[Check]]]:
    """Each promise with its checks, one after another, so that they don't disturb each other."""
    yield "An append costs little more than the disk", appends_checks(quick)
    yield "The views keep up with the log", asyncio.run(views_checks(quick))
    yield "A trigger is answered before its agent is up", asyncio.run(trigger_checks(quick))
    yield "A subscriber sees what the agent says at once", asyncio.run(delay_checks(quick))
    yield "Requests are answered at a good rate", asyncio.run(requests_checks(quick))
    yield "Replays leave room for requests", asyncio.run(fairness_checks(quick))
    yield "A sync leaves room for requests", asyncio.run(syncing_checks())
    yield "Trust costs little", trust.checks(quick)
    yield "The command line answers at once", command_line_checks(quick)


def main() -> int:
    """Run all, show all, and judge if asked to."""
    parser = argparse.ArgumentParser(prog="scripts/bench/run", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the time, for a first look")
    parser.add_argument("--check", action="store_true", help="exit code 1 where a target is missed")
    options = parser.parse_args()
    console, met = Console(), True
    for promise, checks in measured(options.quick):
        console.print(promise_table(promise, checks))
        met = met and all(check.met for check in checks)
    console.print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} (1 min)")
    return int(options.check and not met)


if __name__ == "__main__":
    sys.exit(main())
