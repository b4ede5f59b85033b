"""Syncing: how long a request takes while a session of 50,000 parts is brought in, as a ratio to an idle service.

    python -m scripts.bench.syncing

The service runs in a process of its own, and so does what stands in for opencode (`long_history.py`).
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import aiohttp

from .figures import Spread
from .running import NO_LIMIT, ROOT, serving

TICK: Final = 0.01
"""Seconds between two requests."""

IDLE: Final = 3.0
"""Seconds in which the idle service is asked."""


async def measure() -> tuple[Spread, Spread]:
    """The delays of a request to an idle service, and of one during a sync, with a reader of the codebase's events."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code, home = folder / "code", folder / "home"
        for place in (code, home):
            await asyncio.to_thread(place.mkdir)
        await asyncio.to_thread((home / "history").write_text, str(code.resolve()))
        options = ("--port", "0", "--data", f"{folder}/data", "--opencode-home", str(home))
        binary = ("--opencode-binary", str(ROOT / "scripts/bench/long_history.py"))
        async with (
            serving("opencode_ledger", "serve", *options, *binary, log=folder / "service.log") as url,
            aiohttp.ClientSession(timeout=NO_LIMIT) as http,
        ):
            return await _during_a_sync(http, f"{url}/v1/opencode/codebases", code)


async def _during_a_sync(http: aiohttp.ClientSession, url: str, code: Path) -> tuple[Spread, Spread]:
    async with http.post(url, json={"name": "long", "path": str(code)}) as response:
        own = f"{url}/{(await response.json())['codebase']['id']}"
    reading = asyncio.create_task(_read(http, f"{own}/events"))
    begun = time.monotonic()
    idle = await _asked(http, f"{own}/status", lambda: time.monotonic() - begun > IDLE)
    syncing = asyncio.create_task(_sync(http, f"{own}/sessions/sync"))
    busy = await _asked(http, f"{own}/status", syncing.done)
    await syncing
    reading.cancel()
    return Spread(idle), Spread(busy)


async def _sync(http: aiohttp.ClientSession, url: str) -> None:
    async with http.post(url) as response:
        response.raise_for_status()
        assert (await response.json())["synced"] == 1


async def _read(http: aiohttp.ClientSession, url: str) -> None:
    async with http.get(url) as response:
        async for _ in response.content.iter_any():
            pass


async def _asked(http: aiohttp.ClientSession, url: str, is_over: Callable[[], bool]) -> list[float]:
    """The milliseconds of each request. One is sent at each tick, so that a long one hides none of those after it."""

    async def ask() -> float:
        begun = time.perf_counter()
        async with http.get(url) as response:
            await response.read()
            response.raise_for_status()
        return (time.perf_counter() - begun) * 1000

    asked: list[asyncio.Task[float]] = []
    while not is_over():
        asked.append(asyncio.create_task(ask()))
        await asyncio.sleep(TICK)
    return await asyncio.gather(*asked)


def main() -> None:
    """Measure and show."""
    idle, busy = asyncio.run(measure())
    print(f"GET status, idle: p50 {idle.p50:.1f} ms, p99 {idle.p99:.1f} ms")
    print(f"GET status during a sync: p50 {busy.p50:.1f} ms, p99 {busy.p99:.1f} ms, {busy.p99 / idle.p99:.1f} ×")


if __name__ == "__main__":
    main()
