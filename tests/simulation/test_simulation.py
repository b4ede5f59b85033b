"""The simulation in its short form, and proof that it finds what it looks for."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from scripts.simulation.__main__ import options, replay_of, report
from scripts.simulation.seeds import simulate, simulated
from scripts.simulation.shrink import Replay
from tests.simulation.mistakes import MISTAKES, ON_DISK, RARER

ROOT = Path(__file__).resolve().parents[2]


async def run(*words: str, hash_seed: int = 0, limit: float = 100) -> tuple[int | None, list[str]]:
    """The exit code of a simulation in a process of its own, and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.simulation", *words),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": str(hash_seed)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(limit):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return process.returncode, printed.decode().strip().splitlines()


@pytest.mark.parametrize("store", ["memory", "sqlite"])
async def test_the_same_seed_gives_the_same_run(store: str) -> None:
    """Every promise holds through crashes, full disks and odd agents, and a seed repeats its run to the last byte."""
    words = ("--seeds", "1..2", "--steps", "200", "--store", store)
    (code, printed), (again, repeated) = await asyncio.gather(run(*words, hash_seed=1), run(*words, hash_seed=2))
    assert (code, again, printed[-1]) == (0, 0, "every promise held"), (printed, repeated)
    assert printed[-2].startswith("trace ")
    assert printed[-2] == repeated[-2]


def is_found(
    plant: Callable[[], AbstractContextManager[object]], worlds: int, steps: int, *, on_disk: bool = False
) -> bool:
    """Whether a planted mistake breaks a promise in one of the first worlds."""
    with plant():
        return any(simulate(seed, steps, on_disk=on_disk).broken for seed in range(1, worlds + 1))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_found(mistake: str) -> None:
    """Each mistake of a common kind breaks a promise in the first few worlds."""
    assert is_found(MISTAKES[mistake], 5, 400)


def test_a_failure_in_another_process() -> None:
    """Seeds that run in several processes are reported in their order, with the same failure as of one run alone."""
    with MISTAKES["a reply before the commit"]():
        alone = simulate(2, 50)
        with simulated(range(1, 4), 50, processes=2) as outcomes:
            found = list(outcomes)
    assert [outcome.seed for outcome in found] == [1, 2, 3]
    assert alone.broken is not None
    assert (str(found[1].broken), found[1].trace) == (str(alone.broken), alone.trace)


def test_a_failure_is_made_small_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A broken promise is printed with the fewest steps that were found to show it, and the command that replays them."""
    with MISTAKES["one agent too many"]():
        failed = next(outcome for outcome in (simulate(seed, 400) for seed in range(1, 6)) if outcome.broken)
        report(failed, Replay(failed.seed, 400), shrink=True)
        printed = capsys.readouterr().out
        _, _, command = printed.partition("again, with every line: scripts/simulation/run ")
        chosen = options(command.split())
        again = replay_of(chosen, failed.seed).run()
    assert failed.broken is not None
    assert again.broken is not None
    assert f"step {again.broken.step}: {failed.broken.promise}: " in printed
    assert again.steps <= failed.steps
    assert chosen.without
    assert chosen.trace


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mistake", RARER)
def test_a_planted_mistake_is_found_in_time(mistake: str) -> None:
    """So does one of a rarer kind, with more patience."""
    assert is_found(RARER[mistake], 100, 1500)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mistake", ON_DISK)
def test_a_mistake_planted_into_the_care_of_the_file_is_found(mistake: str) -> None:
    """So does one in erasing or backing up, where the log is in a file."""
    assert is_found(ON_DISK[mistake], 100, 800, on_disk=True)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_two_hundred_seeds() -> None:
    """Every promise holds in two hundred worlds of thousands of steps each."""
    code, printed = await run("--seeds", "1..200", "--steps", "3000", limit=3500)
    assert (code, printed[-1]) == (0, "every promise held"), printed
