"""Kills the server with `kill -9` at random instants under load, and counts what is lost: `scripts/crash/run`.

The real server is a process of its own, its agents are processes too (a stand-in that speaks as opencode does), and
many clients register, trigger, queue, talk, interrupt and stop, while subscribers follow and come back with
`Last-Event-ID`. After each kill the server starts on what is left. With `--signal TERM` it gets SIGTERM instead, now
and then twice, and must leave nothing running. `both` takes turns. Every count of the table's second part must be 0;
exit code 1 where one is not. The seed fixes the instants and what clients ask for; how processes are scheduled is the
machine's matter, so a run can't be repeated to the letter.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .harness import Harness, Plan
from .report import Report


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="scripts/crash/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cycles", type=int, default=20, help="how often to kill the server (20)")
    parser.add_argument("--seed", type=int, default=1, help="for the instants and the requests (1)")
    parser.add_argument("--codebases", type=int, default=6, help="how many have a client and a subscriber (6)")
    parser.add_argument("--longest", type=float, default=2.0, metavar="SECONDS", help="between two kills at most (2)")
    parser.add_argument("--signal", choices=("KILL", "TERM", "both"), default="KILL", help="how to end it (KILL)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in this folder, and leave it")
    return parser.parse_args()


def table_of(report: Report) -> Table:
    """All counts, those that must be 0 below the line."""
    table = Table(title="Killed under load", title_justify="left")
    table.add_column("")
    table.add_column("count", justify="right")
    for what, count in report.done.items():
        table.add_row(what, f"{count:,}")
    table.add_section()
    for what, count in report.faults.items():
        table.add_row(what, f"[bold red]{count:,}[/]" if count else "0")
    return table


async def run(folder: Path, chosen: argparse.Namespace) -> Report:
    """All cycles, with a bar that shows where they are."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("killed", total=chosen.cycles)
        plan = Plan(chosen.cycles, chosen.seed, chosen.codebases, chosen.longest, chosen.signal)
        return await Harness(folder, plan, lambda: progress.advance(bar)).run()


def main() -> int:
    """Run, print the counts, and say by the exit code whether anything was lost."""
    chosen = options()
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
        report = asyncio.run(run(chosen.keep.resolve(), chosen))
    else:
        with tempfile.TemporaryDirectory(prefix="ledger-crash.") as folder:
            report = asyncio.run(run(Path(folder).resolve(), chosen))
    console = Console()
    console.print(table_of(report))
    for sentence in report.sentences[:20]:
        console.print(f"WRONG  {sentence}", style="red", highlight=False, markup=False)
    print(f"seed {chosen.seed}: {'nothing lost' if report.sound else 'NOT SOUND'}")
    return 0 if report.sound else 1


if __name__ == "__main__":
    sys.exit(main())
