"""Runs the whole service on a simulated clock, every choice made by a seed: `scripts/simulation/run`.

Supervisor, actors, domain, log, views, tree and event streams are the real ones; agents are the scripted twin; clients,
subscribers, faults and crashes come as the seed deals them. A step is an act of any of them. The same seed gives the
same run to the last byte (`trace` stands for all of it), so a failure is played again by its seed; `--trace` shows
every line of it. Exit code 1 where a promise was broken.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from opencode_ledger.http.offline.verify_parts import cores

from .seeds import Outcome, simulated
from .shrink import Replay, shrunk
from .steps import SHARES


def seeds_of(words: str) -> range:
    """The seeds of `7` or of `1..200`. Raises `ValueError`."""
    first, dots, last = words.partition("..")
    return range(int(first), int(last if dots else first) + 1)


def at_least_one(words: str) -> int:
    """A number of things. Raises `ValueError`."""
    if (number := int(words)) < 1:
        raise ValueError(words)
    return number


def kinds_of(words: str) -> frozenset[str]:
    """Kinds of steps. Raises `ValueError` for one that there isn't."""
    kinds = frozenset(words.split(","))
    if unknown := kinds - SHARES.keys():
        raise ValueError(unknown)
    return kinds


def options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line says, or these words."""
    parser = argparse.ArgumentParser(
        prog="scripts/simulation/run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", "--seeds", type=seeds_of, default=range(1, 21), metavar="A..B", help="(1..20)")
    parser.add_argument("--steps", type=at_least_one, default=2000, help="of each seed, at least (2000)")
    parser.add_argument("--store", choices=("memory", "sqlite"), default="memory", help="where the log is (memory)")
    parser.add_argument("--processes", type=at_least_one, default=cores(), help=f"that share the seeds ({cores()})")
    parser.add_argument("--trace", action="store_true", help="print everything that happens, one seed at a time")
    parser.add_argument("--without", type=kinds_of, default=frozenset(), metavar="KIND,…", help="steps nobody takes")
    parser.add_argument("--no-shrink", action="store_true", help="don't look for fewer steps that fail as well")
    parser.add_argument("--keep-going", action="store_true", help="run the other seeds though one failed")
    return parser.parse_args(words)


def run(chosen: argparse.Namespace) -> Iterator[Outcome]:
    """The outcome of each seed in their order, with a bar that shows where they are."""
    console, store = Console(stderr=True), chosen.store
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        simulated(
            chosen.seed,
            chosen.steps,
            processes=chosen.processes,
            on_disk=store == "sqlite",
            without=chosen.without,
        ) as outcomes,
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
    ):
        for outcome in progress.track(outcomes, len(chosen.seed), description="seeds"):
            yield outcome
            if outcome.broken and not chosen.keep_going:
                return


def traced(chosen: argparse.Namespace) -> Iterator[Outcome]:
    """The outcome of each seed, after all that happens in it was printed."""
    for seed in chosen.seed:
        yield replay_of(chosen, seed).run(trace=True)


def replay_of(chosen: argparse.Namespace, seed: int) -> Replay:
    """How a seed is run again."""
    return Replay(seed, chosen.steps, chosen.store == "sqlite", chosen.without)


def report(failed: Outcome, replay: Replay, *, shrink: bool) -> None:
    """A failure: what was broken, what came before, and how to see it again, in as few steps as were found to do."""
    if failed.broken is None:
        return
    print(f"seed {failed.seed} BROKE A PROMISE in {failed.steps:,} steps: {replay}")
    if shrink:
        failed, replay = shrunk(failed, replay, lambda line: print(f"also in {line}", file=sys.stderr))
    if (broken := failed.broken) is not None:
        print(f"step {broken.step}: {broken.promise}: {broken.detail}\nbefore that:")
        print("\n".join(f"  {line[:240]}" for line in broken.last))
        print(f"again, with every line: {replay} --trace")


def main() -> int:
    """Run, count, and say by the exit code whether anything was broken."""
    chosen = options()
    began, outcomes = time.perf_counter(), list[Outcome]()
    for outcome in traced(chosen) if chosen.trace else run(chosen):
        outcomes.append(outcome)
        report(outcome, replay_of(chosen, outcome.seed), shrink=not (chosen.trace or chosen.no_shrink))
    lasted, worked = time.perf_counter() - began, sum(o.seconds for o in outcomes)
    steps, failed = sum(o.steps for o in outcomes), sum(o.broken is not None for o in outcomes)
    print(
        f"{len(outcomes)} seeds, {steps:,} steps, {sum(o.events for o in outcomes):,} events,"
        f" {sum(o.callbacks for o in outcomes):,} callbacks, {sum(o.lives for o in outcomes):,} starts"
        f" in {lasted:.1f} s: {steps / lasted:,.0f} steps/s, {steps / worked:,.0f} for each second of processor time"
    )
    print(f"trace {sha256(''.join(o.trace for o in outcomes).encode()).hexdigest()}")
    print("every promise held" if not failed else f"{failed} seeds BROKEN")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
