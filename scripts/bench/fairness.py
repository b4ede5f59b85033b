"""Fairness: how long a request takes while many readers replay a long log, as a ratio to one reader.

    python -m scripts.bench.fairness [--readers 40] [--seconds 5] [--rounds 3]

The service runs in a process of its own, and so do the readers, each of which reads a log of 60 MB from its beginning,
over and over (`replaying.py`).
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain import events as e
from opencode_ledger.domain.events.wire import encode
from opencode_ledger.domain.ids import CodebaseId, SessionId, Timestamp
from opencode_ledger.domain.ids import Sequence as Number
from opencode_ledger.projections.runner import Projections

from .running import ROOT, serving

TARGET: Final = 4.0
"""Times as long as with one reader that a request may take with forty, in the median."""

EVENTS: Final = 150_000
"""Of 400 bytes each."""

READERS: Final = 40
TICK: Final = 0.02
"""Seconds between two requests."""

CODEBASE: Final = CodebaseId("cb_long")
AT: Final = Timestamp("2026-01-01T00:00:00.000Z")


@dataclass
class Figures:
    """Medians of requests in milliseconds, a round each, and the bytes per second that all readers got."""

    alone: list[float] = field(default_factory=list[float])
    crowded: list[float] = field(default_factory=list[float])
    rate_alone: list[float] = field(default_factory=list[float])
    rate_crowded: list[float] = field(default_factory=list[float])

    @property
    def ratio(self) -> float:
        """How many times as long a request takes among many readers."""
        return statistics.median(self.crowded) / statistics.median(self.alone)


async def measure(readers: int, seconds: float, rounds: int) -> Figures:
    """Measure in turns with one reader and with many."""
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        await asyncio.to_thread(data.mkdir)
        await _fill(data)
        options = ("--port", "0", "--data", str(data), "--opencode-home", f"{folder}/home", "--new-proofs")
        async with serving("opencode_ledger", "serve", *options, log=Path(folder, "service.log")) as url:
            for _ in range(rounds):
                for count, delays, rates in (
                    (1, figures.alone, figures.rate_alone),
                    (readers, figures.crowded, figures.rate_crowded),
                ):
                    delay, rate = await _among(url, count, seconds)
                    delays.append(delay)
                    rates.append(rate)
    return figures


async def _among(url: str, readers: int, seconds: float) -> tuple[float, float]:
    path = f"/v1/opencode/codebases/{CODEBASE}/events"
    reading = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "scripts/bench/replaying.py")),
        *(str(urlsplit(url).port), path, str(readers), str(seconds + 2)),
        stdout=asyncio.subprocess.PIPE,
    )
    await asyncio.sleep(1.0)
    delays = await _asked(f"{url}/v1/opencode/codebases/{CODEBASE}/sessions", seconds)
    came, _ = await reading.communicate()
    return statistics.median(delays), int(came) / (seconds + 2)


async def _asked(url: str, seconds: float) -> list[float]:
    """The milliseconds of each request. One is sent at each tick, so that a long one hides none of those after it."""
    async with aiohttp.ClientSession() as http:

        async def ask(number: int) -> float:
            begun = time.perf_counter()
            async with http.get(url, params={"limit": 1 + number % 500}) as response:
                await response.read()
                response.raise_for_status()
            return (time.perf_counter() - begun) * 1000

        asked: list[asyncio.Task[float]] = []
        for number in range(int(seconds / TICK)):
            asked.append(asyncio.create_task(ask(number)))
            await asyncio.sleep(TICK)
        return await asyncio.gather(*asked)


async def _fill(data: Path) -> None:
    ids = e.Common(session_id=SessionId("sess_long"), task_id=None, timestamp=AT)
    events: list[e.Event] = [
        e.CodebaseRegistered(codebase_id=CODEBASE, name="long", path="/long", timestamp=AT),
        e.SessionStarted(prompt="Write", agent="build", **ids),
        *(
            e.Output(type="text", content="word " * 40, message_id="msg_1", part_id="prt_1", **ids)
            for _ in range(EVENTS)
        ),
        e.SessionInterrupted(**ids),
    ]
    async with SqliteEventStore.open(data / "ledger.db") as store:
        for start in range(0, len(events), 1000):
            await store.append(CODEBASE, Number(start), [encode(event) for event in events[start : start + 1000]])
        await (await Projections.open(data / "views.db", store)).close()


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--readers", type=int, default=READERS)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    figures = asyncio.run(measure(options.readers, options.seconds, options.rounds))
    print(f"GET sessions with 1 reader: p50 {statistics.median(figures.alone):.1f} ms")
    print(
        f"GET sessions with {options.readers} readers: p50 {statistics.median(figures.crowded):.1f} ms, {figures.ratio:.1f} ×"
    )
    print(
        f"replayed: {statistics.median(figures.rate_alone) / 1e6:.0f} MB/s, {statistics.median(figures.rate_crowded) / 1e6:.0f} MB/s"
    )


if __name__ == "__main__":
    main()
