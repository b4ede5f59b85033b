"""What the benchmarks over HTTP measure: the service as a process of its own, with stand-ins for the agents."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import aiohttp

ROOT: Final = Path(__file__).resolve().parents[2]
STAND_IN: Final = ROOT / "tests/opencode/stand_in.py"
"""Speaks as opencode does, streams as many deltas as its prompt says, and writes into each when it was sent."""

NO_LIMIT: Final = aiohttp.ClientTimeout(total=None)
LIMIT: Final = 60.0


class NotStarted(Exception):
    """A process that is to be measured did not come up."""


@asynccontextmanager
async def serving(*arguments: str, log: Path) -> AsyncGenerator[str]:
    """Run a Python module that prints a line ending in its URL, and end it with the block; the URL."""
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *arguments),
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(LIMIT):
            line = (await process.stdout.readline()).decode()
        if "http://" not in line:
            raise NotStarted(f"{arguments[0]} did not start; see {log}")
        yield line.split()[-1]
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@dataclass(frozen=True)
class Agent:
    """A codebase of the service, and the way to its agent."""

    http: aiohttp.ClientSession
    url: str

    async def trigger(self, prompt: str) -> float:
        """Give it a prompt; the milliseconds until the answer."""
        begun = time.perf_counter()
        async with self.http.post(f"{self.url}/trigger", json={"prompt": prompt}) as response:
            await response.read()
        taken = (time.perf_counter() - begun) * 1000
        response.raise_for_status()
        return taken

    async def idle(self) -> None:
        """Wait until it is done."""
        async with asyncio.timeout(LIMIT):
            while True:
                async with self.http.get(f"{self.url}/status") as response:
                    if cast("Mapping[str, object]", await response.json())["status"] == "idle":
                        return
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """End its process; it must not be idle."""
        async with self.http.post(f"{self.url}/stop") as response:
            response.raise_for_status()

    async def events(self, *, after: int | None = 0) -> AsyncGenerator[bytes]:
        """The stream of its events after the one numbered so (None: from its session's start), as its pieces come."""
        url, headers = f"{self.url}/events", {} if after is None else {"Last-Event-ID": str(after)}
        async with self.http.get(url, headers=headers, timeout=NO_LIMIT) as response:
            response.raise_for_status()
            async for chunk in response.content.iter_any():
                yield chunk


@asynccontextmanager
async def service(folder: Path, agents: int) -> AsyncGenerator[list[Agent]]:
    """The service with that many codebases, for each of which a stand-in will run."""
    places = _directories(folder, agents)
    options = {
        "--port": 0,
        "--data": folder / "data",
        "--opencode-binary": STAND_IN,
        "--opencode-home": folder / "home",
        "--max-agents": agents,
    }
    words = [str(word) for option in options.items() for word in option]
    async with (
        serving("opencode_ledger", "serve", *words, log=folder / "service.log") as url,
        aiohttp.ClientSession() as http,
    ):
        yield [await _register(http, f"{url}/v1/opencode/codebases", place) for place in places]


def _directories(folder: Path, number: int) -> list[Path]:
    places = [folder / f"project-{n}" for n in range(number)]
    for place in places:
        place.mkdir()
    return places


async def _register(http: aiohttp.ClientSession, url: str, directory: Path) -> Agent:
    async with http.post(url, json={"name": directory.name, "path": str(directory)}) as response:
        response.raise_for_status()
        answer = cast("Mapping[str, Mapping[str, str]]", await response.json())
    return Agent(http, f"{url}/{answer['codebase']['id']}")
