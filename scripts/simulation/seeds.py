"""Seeds that are run, one after another or several at once: each in a world of its own, one process to a core."""

import ctypes
import gc
import signal
import sys
import tempfile
import time
from collections.abc import Collection, Generator, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from .simulation import Broken, Simulation
from .steps import Steps
from .verdict import judge

_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True)
class Outcome:
    """What became of a seed. `seconds`: of processor time."""

    seed: int
    steps: int
    events: int
    callbacks: int
    lives: int
    trace: str
    seconds: float
    broken: Broken | None


def simulate(
    seed: int, steps: int, *, on_disk: bool = False, trace: bool = False, without: Collection[str] = ()
) -> Outcome:
    """Run one seed for at least this number of steps, then to its end. `without`: kinds of steps that nobody takes."""
    began, memory = time.process_time(), Path("/dev/shm")  # noqa: S108  # a name of its own is made in it
    with tempfile.TemporaryDirectory(prefix="ledger-simulation.", dir=memory if memory.is_dir() else None) as folder:
        world = Simulation(seed, Path(folder), on_disk=on_disk, show=print if trace else None)
        broken = None
        try:
            with world.running():
                taking = Steps(world, without)
                while world.steps < steps:
                    taking.take()
                judge(world)
        except Broken as failure:
            broken = failure
    digest, seconds = world.trace.hexdigest(), time.process_time() - began
    return Outcome(seed, world.steps, len(world.record.log), world.loop.turns, world.lives, digest, seconds, broken)


@contextmanager
def simulated(
    seeds: Iterable[int], steps: int, *, processes: int, on_disk: bool = False, without: Collection[str] = ()
) -> Generator[Iterable[Outcome]]:
    """The outcomes of seeds in their order, as they come; those that nobody waits for any more are not begun."""
    with ProcessPoolExecutor(processes, get_context("fork"), _begin) as pool:
        try:
            yield pool.map(partial(_one_of_many, steps=steps, on_disk=on_disk, without=without), seeds)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    """A process that is one of many begins: it ends with the one that it works for, however that may end."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    gc.freeze()


def _one_of_many(seed: int, *, steps: int, on_disk: bool, without: Collection[str] = ()) -> Outcome:
    outcome = simulate(seed, steps, on_disk=on_disk, without=without)
    gc.collect()  # a world is full of rings, and is to be gone before the next one comes
    return outcome
