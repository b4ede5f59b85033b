"""Syncing: how long a request takes while a very long session is brought in, as a ratio to an idle service.

    python -m scripts.bench.syncing

The sessions: one of 50,000 parts, and those of 160 MB in `SHAPES`. The service runs in a process of its own, and so does what stands in for opencode (`long_history.py`).
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import aiohttp

from .figures import Spread
from .running import NO_LIMIT, ROOT, serving

TICK: Final = 0.01
"""Seconds between two requests."""

IDLE: Final = 3.0
"""Seconds in which the idle service is asked."""

QUESTIONS: Final = ("/healthz", "/v1/opencode/codebases/{}/status")
"""What is asked meanwhile, in turn."""


@dataclass(frozen=True)
class Shape:
    """A session. `parts`: of each message. `characters`: of each part."""

    messages: int
    parts: int
    characters: int


SHAPES: Final = {
    "50,000 parts": Shape(500, 100, 5),
    "160 MB in outputs of 50 kB": Shape(400, 8, 50_000),
    "160 MB in parts of 1 kB": Shape(1600, 100, 1000),
    "160 MB in texts of 4 MB": Shape(40, 1, 4_000_000),
    "160 MB in messages of 7 MB": Shape(23, 7000, 1000),
}


async def measure(shape: Shape) -> tuple[Spread, Spread]:
    """The delays of a request to an idle service, and of one during a sync, with a reader of the codebase's events."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code, home = folder / "code", folder / "home"
        for place in (code, home):
            await asyncio.to_thread(place.mkdir)
        history = {"directory": str(code.resolve()), **asdict(shape)}
        await asyncio.to_thread((home / "history").write_text, json.dumps(history))
        options = ("--port", "0", "--data", f"{folder}/data", "--opencode-home", str(home))
        binary = ("--opencode-binary", str(ROOT / "scripts/bench/long_history.py"))
        async with (
            serving("opencode_ledger", "serve", *options, *binary, log=folder / "service.log") as url,
            aiohttp.ClientSession(timeout=NO_LIMIT) as http,
        ):
            return await during_a_sync(http, url, code)


async def during_a_sync(http: aiohttp.ClientSession, url: str, code: Path) -> tuple[Spread, Spread]:
    """As `measure`, of a service that runs already, and a directory whose history has one session."""
    base = f"{url}/v1/opencode/codebases"
    async with http.post(base, json={"name": "long", "path": str(code)}) as response:
        name = (await response.json())["codebase"]["id"]
    own, questions = f"{base}/{name}", [url + question.format(name) for question in QUESTIONS]
    reading = asyncio.create_task(_read(http, f"{own}/events"))
    begun = time.monotonic()
    idle = await _asked(http, questions, lambda: time.monotonic() - begun > IDLE)
    syncing = asyncio.create_task(_sync(http, f"{own}/sessions/sync"))
    busy = await _asked(http, questions, syncing.done)
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


async def _asked(http: aiohttp.ClientSession, urls: Sequence[str], is_over: Callable[[], bool]) -> list[float]:
    """The milliseconds of each request. One is sent at each tick, so that a long one hides none of those after it."""

    async def ask(url: str) -> float:
        begun = time.perf_counter()
        async with http.get(url) as response:
            await response.read()
            response.raise_for_status()
        return (time.perf_counter() - begun) * 1000

    asked: list[asyncio.Task[float]] = []
    while not is_over():
        asked.append(asyncio.create_task(ask(urls[len(asked) % len(urls)])))
        await asyncio.sleep(TICK)
    return await asyncio.gather(*asked)


def main() -> None:
    """Measure and show."""
    for name, shape in SHAPES.items():
        begun = time.monotonic()
        idle, busy = asyncio.run(measure(shape))
        took = time.monotonic() - begun
        print(f"{name} ({took:.0f} s): a request to an idle service: p50 {idle.p50:.1f} ms, p99 {idle.p99:.1f} ms")
        longest = f"longest {max(busy.delays):.1f} ms"
        print(
            f"  during the sync: p50 {busy.p50:.1f} ms, p99 {busy.p99:.1f} ms, {longest}, {busy.p99 / idle.p99:.1f} ×"
        )


if __name__ == "__main__":
    main()
