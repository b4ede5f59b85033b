"""From an event of the agent to the frame at the subscriber: how long, with ten agents streaming at once.

    python -m scripts.bench.delay [--agents 10] [--rate 50] [--seconds 5] [--runs 3]

The real service runs in a process of its own with stand-ins for opencode, each of which writes the time into every
delta that it sends. One subscriber for each agent reads the codebase's events over HTTP; a delta's delay is the time
between the two, with all that lies between: parsing, gathering of text, the durable append, the fan-out. What it is
compared with is a bare aiohttp handler that passes the stand-in's bytes on unread, measured in turns with the service.
Every delta must have arrived.
"""

import argparse
import asyncio
import re
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp
from rich.console import Console

from .figures import Spread, spread_table
from .running import LIMIT, NO_LIMIT, service, serving

TARGET: Final = 50.0
"""Milliseconds that the slowest hundredth may reach."""

STAMP: Final = re.compile(rb"@(\d{19})")


@dataclass(frozen=True)
class Load:
    """How many agents run, how many deltas each sends a second, and for how many seconds."""

    agents: int = 10
    rate: int = 50
    seconds: float = 5.0

    @property
    def each(self) -> int:
        """Deltas of one agent."""
        return int(self.rate * self.seconds)

    @property
    def prompt(self) -> str:
        """What makes a stand-in do it."""
        return f"stream {self.each} {self.rate}"


@dataclass
class Delays:
    """What was measured, in milliseconds: through the service, and through the bare relay."""

    ours: list[float] = field(default_factory=list[float])
    bare: list[float] = field(default_factory=list[float])


async def measure(load: Load, runs: int) -> Delays:
    """The delays of every delta in all runs."""
    delays = Delays()
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            delays.ours += await through_the_service(Path(folder), load)
        with tempfile.TemporaryDirectory() as folder:
            delays.bare += await through_a_bare_relay(Path(folder), load)
    return delays


async def through_the_service(folder: Path, load: Load) -> list[float]:
    """One run with the service; its agents are up before it begins."""
    async with service(folder, load.agents) as agents:
        await asyncio.gather(*(agent.trigger("text warm") for agent in agents))
        await asyncio.gather(*(agent.idle() for agent in agents))
        return await _together([(agent.events, partial(agent.trigger, load.prompt)) for agent in agents], load.each)


async def through_a_bare_relay(folder: Path, load: Load) -> list[float]:
    """One run without it."""
    words = ("scripts.bench.floor", str(folder), str(load.agents))
    async with serving(*words, log=folder / "floor.log") as url, aiohttp.ClientSession(timeout=NO_LIMIT) as http:

        async def events(number: int) -> AsyncGenerator[bytes]:
            async with http.get(f"{url}/events/{number}") as response:
                async for chunk in response.content.iter_any():
                    yield chunk

        async def begin(number: int) -> None:
            async with http.post(f"{url}/trigger/{number}", data=load.prompt) as response:
                response.raise_for_status()

        return await _together([(partial(events, n), partial(begin, n)) for n in range(load.agents)], load.each)


Side = tuple[Callable[[], AsyncGenerator[bytes]], Callable[[], Awaitable[object]]]
"""How to subscribe to an agent, and how to set it to work."""


async def _together(sides: Sequence[Side], each: int) -> list[float]:
    """Subscribe everywhere, set all agents to work, and read until every delta has come."""
    listening = [asyncio.Event() for _ in sides]
    readers = [asyncio.create_task(_read(events(), each, at)) for (events, _), at in zip(sides, listening, strict=True)]
    await asyncio.gather(*(event.wait() for event in listening))
    await asyncio.gather(*(begin() for _, begin in sides))
    async with asyncio.timeout(LIMIT):
        return [delay for delays in await asyncio.gather(*readers) for delay in delays]


async def _read(chunks: AsyncGenerator[bytes], each: int, listening: asyncio.Event) -> list[float]:
    """The delays of one agent's deltas, in milliseconds: a frame has arrived when its last byte has."""
    arrived: dict[int, int] = {}
    rest = b""
    async with aclosing(chunks):
        async for chunk in chunks:
            now = time.time_ns()
            listening.set()
            whole, found, new = (rest + chunk).rpartition(b"\n\n")
            rest = new if found else rest + chunk
            for stamp in STAMP.findall(whole):
                arrived.setdefault(int(stamp), now)
            if len(arrived) >= each:
                break
    return [(there - sent) / 1e6 for sent, there in arrived.items()]


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--agents", type=int, default=Load.agents)
    parser.add_argument("--rate", type=int, default=Load.rate, help="deltas a second of each agent")
    parser.add_argument("--seconds", type=float, default=Load.seconds, help="that each run streams")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    load = Load(options.agents, options.rate, options.seconds)
    delays = asyncio.run(measure(load, options.runs))
    ours, bare = Spread(delays.ours), Spread(delays.bare)
    table = spread_table(f"event to frame, {load.agents} agents with {load.rate} deltas/s each", "p99 to bare")
    table.add_row("service", *ours.cells, f"{ours.p99 / bare.p99:.1f}")
    table.add_row("bare relay", *bare.cells, "")
    Console().print(table)


if __name__ == "__main__":
    main()
