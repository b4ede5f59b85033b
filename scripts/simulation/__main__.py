"""Runs the whole service on a simulated clock, every choice made by a seed: `scripts/simulation/run`.

Supervisor, actors, domain, log, views, tree and event streams are the real ones; agents are the scripted twin; clients,
subscribers, faults and crashes come as the seed deals them. A step is an act of any of them. The same seed gives the
same run to the last byte (`trace` stands for all of it), so a failure is played again by its seed; `--trace` shows
every line of it. Exit code 1 where a promise was broken.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .simulation import Broken, Simulation
from .steps import Steps
from .verdict import judge


@dataclass(frozen=True)
class Outcome:
    """What became of a seed."""

    seed: int
    steps: int
    events: int
    callbacks: int
    lives: int
    trace: str
    broken: Broken | None


def simulate(seed: int, steps: int, *, on_disk: bool = False, trace: bool = False) -> Outcome:
    """Run one seed for at least so many steps, then to its end."""
    memory = Path("/dev/shm")  # noqa: S108  # a name of its own is made in it
    with tempfile.TemporaryDirectory(prefix="ledger-simulation.", dir=memory if memory.is_dir() else None) as folder:
        world = Simulation(seed, Path(folder), on_disk=on_disk, told=print if trace else None)
        broken = None
        try:
            with world.running():
                taking = Steps(world)
                while world.steps < steps:
                    taking.take()
                judge(world)
        except Broken as failure:
            broken = failure
    digest = world.trace.hexdigest()
    return Outcome(seed, world.steps, len(world.record.log), world.loop.turns, world.lives, digest, broken)


def seeds_of(words: str) -> range:
    """The seeds of `7` or of `1..200`. Raises `ValueError`."""
    first, dots, last = words.partition("..")
    return range(int(first), int(last if dots else first) + 1)


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="scripts/simulation/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", "--seeds", type=seeds_of, default=range(1, 21), metavar="A..B", help="(1..20)")
    parser.add_argument("--steps", type=int, default=2000, help="of each seed, at least (2000)")
    parser.add_argument("--store", choices=("memory", "sqlite"), default="memory", help="where the log is (memory)")
    parser.add_argument("--trace", action="store_true", help="print everything that happens")
    parser.add_argument("--keep-going", action="store_true", help="run the other seeds though one failed")
    return parser.parse_args()


def run(chosen: argparse.Namespace) -> Iterator[Outcome]:
    """The outcome of each seed, with a bar that shows where they are."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("seeds", total=len(chosen.seed))
        for seed in chosen.seed:
            outcome = simulate(seed, chosen.steps, on_disk=chosen.store == "sqlite", trace=chosen.trace)
            progress.advance(bar)
            yield outcome
            if outcome.broken and not chosen.keep_going:
                return


def tell(failed: Outcome, chosen: argparse.Namespace) -> None:
    """A failure: what was broken, what came before, and how to see it again."""
    if (broken := failed.broken) is None:
        return
    print(f"seed {failed.seed}, step {broken.step}: BROKEN: {broken.promise}\n  {broken.detail}\nbefore that:")
    print("\n".join(f"  {line[:300]}" for line in broken.last))
    print(f"again: scripts/simulation/run --seed {failed.seed} --steps {chosen.steps} --store {chosen.store} --trace")


def main() -> int:
    """Run, count, and say by the exit code whether anything was broken."""
    chosen = options()
    began, outcomes = time.process_time(), list[Outcome]()
    for outcome in run(chosen):
        outcomes.append(outcome)
        tell(outcome, chosen)
    seconds = time.process_time() - began
    steps, failed = sum(o.steps for o in outcomes), sum(o.broken is not None for o in outcomes)
    print(
        f"{len(outcomes)} seeds, {steps:,} steps, {sum(o.events for o in outcomes):,} events,"
        f" {sum(o.callbacks for o in outcomes):,} callbacks, {sum(o.lives for o in outcomes):,} starts"
        f" in {seconds:.1f} s of processor time: {steps / seconds:,.0f} steps/s"
    )
    print(f"trace {sha256(''.join(o.trace for o in outcomes).encode()).hexdigest()}")
    print("every promise held" if not failed else f"{failed} seeds BROKEN")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
