"""How long a trigger takes to be answered, over HTTP, by the service in a process of its own.

    python -m scripts.bench.trigger [--agents 10] [--rounds 10]

`cold`: no process of the agent runs, so one is started after the answer. `warm`: one is at hand. What it is compared
with is a bare aiohttp handler that writes one row to SQLite, durably, before it answers. `first`: the very
first after the start, which asks opencode for its version. `begun`: from a cold trigger to the agent's own session,
which nobody waited for.
"""

import argparse
import asyncio
import tempfile
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
from rich.console import Console

from .figures import Spread, spread_table
from .running import LIMIT, Agent, service, serving

TARGET: Final = 10.0
"""Milliseconds in which half of the triggers must be answered."""

PROMPT: Final = "text Done."
WAITING: Final = "hang"
LINKED: Final = b'"action":"linked"'
"""In the log once the agent has opened its own session."""


@dataclass
class Answers:
    """What was measured, in milliseconds."""

    first: float = 0.0
    cold: list[float] = field(default_factory=list[float])
    warm: list[float] = field(default_factory=list[float])
    bare: list[float] = field(default_factory=list[float])
    begun: list[float] = field(default_factory=list[float])
    """From a cold trigger to the agent's own first event."""


async def measure(agents: int, rounds: int) -> Answers:
    """The answer times of `agents` × `rounds` triggers of each kind."""
    answers = Answers()
    with tempfile.TemporaryDirectory() as folder:
        async with service(Path(folder), agents) as codebases:
            answers.first = await codebases[0].trigger(WAITING)
            await codebases[0].stop()
            for _ in range(rounds):
                for agent in codebases:
                    await _cold(agent, answers)
            for _ in range(rounds):
                for agent in codebases:
                    await _warm(agent, answers)
    answers.bare = await _bare(agents * rounds)
    return answers


async def _cold(agent: Agent, answers: Answers) -> None:
    begun = time.perf_counter()
    answers.cold.append(await agent.trigger(WAITING))
    async with asyncio.timeout(LIMIT), aclosing(agent.events(after=None)) as chunks:
        async for chunk in chunks:
            if LINKED in chunk:
                break
    answers.begun.append((time.perf_counter() - begun) * 1000)
    await agent.stop()


async def _warm(agent: Agent, answers: Answers) -> None:
    answers.warm.append(await agent.trigger(PROMPT))
    await agent.idle()


async def _bare(number: int) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        words = ("scripts.bench.floor", folder, "0")
        async with serving(*words, log=place / "floor.log") as url, aiohttp.ClientSession() as http:
            return [await _append(http, f"{url}/append") for _ in range(number)]


async def _append(http: aiohttp.ClientSession, url: str) -> float:
    begun = time.perf_counter()
    async with http.post(url, json={"prompt": PROMPT}) as response:
        await response.read()
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--agents", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=10, help="triggers of each kind for each agent")
    options = parser.parse_args()
    answers = asyncio.run(measure(options.agents, options.rounds))
    bare = Spread(answers.bare)
    table = spread_table("answer to a trigger", "p50 to bare")
    for name in ("cold", "warm"):
        spread = Spread(getattr(answers, name))
        table.add_row(name, *spread.cells, f"{spread.p50 / bare.p50:.1f}")
    table.add_row("bare handler", *bare.cells, "")
    table.add_row("begun", *Spread(answers.begun).cells, "")
    Console().print(table)
    print(f"the first of all: {answers.first:.1f} ms")


if __name__ == "__main__":
    main()
