"""The simulation in its short form, and proof that it finds what it looks for."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
            told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return process.returncode, told.decode().strip().splitlines()


@pytest.mark.parametrize("store", ["memory", "sqlite"])
async def test_the_same_seed_gives_the_same_run(store: str) -> None:
    """Every promise holds through crashes, full disks and odd agents, and a seed repeats its run to the last byte."""
    words = ("--seeds", "1..2", "--steps", "300", "--store", store)
    (code, told), (again, repeated) = await asyncio.gather(run(*words, hash_seed=1), run(*words, hash_seed=2))
    assert (code, again, told[-1]) == (0, 0, "every promise held"), (told, repeated)
    assert told[-2].startswith("trace ")
    assert told[-2] == repeated[-2]


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_two_hundred_seeds() -> None:
    """Every promise holds in two hundred worlds of thousands of steps each."""
    code, told = await run("--seeds", "1..200", "--steps", "3000", limit=3500)
    assert (code, told[-1]) == (0, "every promise held"), told
