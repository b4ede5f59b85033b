"""Durable appends per second: the log against the same groups written by a plain loop, and against the library.

    python scripts/bench/appends.py [--runs 3] [--seconds 1] [--directory DIR] [--check]

Three writers on the same disk, one event of 240 bytes per append, each commit on the disk before its answer:

- the log: N actors, each of which awaits its append before the next;
- a plain sqlite3 loop in one thread, without asyncio, N rows per transaction, on the library's bare table:
  what the machine gives at most;
- the `eventsourcing` library's own recorder, as N actors have to call it: one append per hop to a thread.

They take turns, a quarter of a second each, for a disk that others use too is slow at times; what is shown is the
median over the runs, and the ratios are medians of each run's own. Look at the ratios: the absolute figures are the
disk's. `--check` fails where the log reaches less than 0.6 of the plain loop.
"""

import argparse
import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median, quantiles

from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from rich.console import Console
from rich.table import Table

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import CodebaseId, Sequence

ACTORS = (1, 10, 100)
TARGET = 0.6
TURN = 0.25
DATA = b'{"timestamp":"2025-12-10T15:30:00.000Z","text":"' + b"x" * 190 + b'"}'
TOPIC = "output"
LIBRARY_TABLE = """
CREATE TABLE stored_events (
    originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB,
    PRIMARY KEY (originator_id, originator_version)
)
"""


@dataclass
class Figures:
    """What one writer reached: appends per second in each run, seconds for each append."""

    turns: list[float] = field(default_factory=list[float])
    rates: list[float] = field(default_factory=list[float])
    delays: list[float] = field(default_factory=list[float])

    @property
    def rate(self) -> float:
        """Appends per second, the median of the runs."""
        return median(self.rates)

    def end_run(self) -> None:
        """Make the turns, all of one length, one run."""
        self.rates.append(fmean(self.turns))
        self.turns.clear()

    def over(self, other: "Figures") -> float:
        """How many times the other's rate, the median of the runs."""
        return median(ours / theirs for ours, theirs in zip(self.rates, other.rates, strict=True))

    def delay(self, percent: int) -> float:
        """A percentile of one append's delay, in milliseconds."""
        return 1000 * quantiles(self.delays, n=100)[percent - 1]


Writer = Callable[[Path, int, float, Figures], None]


def streams(actors: int) -> list[CodebaseId]:
    """Names as ours are, in no particular order of the alphabet."""
    return [CodebaseId(f"cb_{random.getrandbits(64):016x}") for _ in range(actors)]


def the_log(directory: Path, actors: int, seconds: float, figures: Figures) -> None:
    """Our store, each actor awaiting its appends."""
    asyncio.run(_the_log(directory, actors, seconds, figures))


async def _the_log(directory: Path, actors: int, seconds: float, figures: Figures) -> None:
    async with SqliteEventStore.open(directory / "ledger.db") as store:
        event = [NewEvent(TOPIC, DATA)]
        begin = time.perf_counter()
        end = begin + seconds

        async def act(stream: CodebaseId) -> int:
            done = 0
            while (start := time.perf_counter()) < end:
                await store.append(stream, Sequence(done), event)
                figures.delays.append(time.perf_counter() - start)
                done += 1
            return done

        done = sum(await asyncio.gather(*map(act, streams(actors))))
        figures.turns.append(done / (time.perf_counter() - begin))


def a_plain_loop(directory: Path, actors: int, seconds: float, figures: Figures) -> None:
    """Groups of one row per actor, straight into SQLite with the same settings."""
    with closing(sqlite3.connect(directory / "plain.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(LIBRARY_TABLE)
        names, versions, done = streams(actors), 0, 0
        begin = time.perf_counter()
        while time.perf_counter() < begin + seconds:
            versions += 1
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO stored_events VALUES (?, ?, ?, ?)", [(name, versions, TOPIC, DATA) for name in names]
            )
            connection.execute("COMMIT")
            done += actors
        figures.turns.append(done / (time.perf_counter() - begin))


def the_library(directory: Path, actors: int, seconds: float, figures: Figures) -> None:
    """The stock recorder behind one thread."""
    datastore = SQLiteDatastore(str(directory / "library.db"), originator_id_type="text")
    try:
        recorder = SQLiteApplicationRecorder(datastore)
        recorder.create_table()
        asyncio.run(_the_library(recorder, actors, seconds, figures))
    finally:
        datastore.close()


async def _the_library(recorder: SQLiteApplicationRecorder, actors: int, seconds: float, figures: Figures) -> None:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as thread:
        begin = time.perf_counter()
        end = begin + seconds

        async def act(stream: CodebaseId) -> int:
            done = 0
            while (start := time.perf_counter()) < end:
                event = StoredEvent(stream, done + 1, TOPIC, DATA)
                await loop.run_in_executor(thread, recorder.insert_events, [event])
                figures.delays.append(time.perf_counter() - start)
                done += 1
            return done

        done = sum(await asyncio.gather(*map(act, streams(actors))))
        figures.turns.append(done / (time.perf_counter() - begin))


WRITERS: dict[str, Writer] = {"log": the_log, "plain": a_plain_loop, "library": the_library}


def measure(runs: int, seconds: float, directory: Path | None) -> Iterator[tuple[int, dict[str, Figures]]]:
    """The figures of each writer at each number of actors."""
    for actors in ACTORS:
        figures = {name: Figures() for name in WRITERS}
        for _ in range(runs):
            for _ in range(max(1, round(seconds / TURN))):
                for name, writer in WRITERS.items():
                    with tempfile.TemporaryDirectory(dir=directory) as fresh:
                        writer(Path(fresh), actors, TURN, figures[name])
            for figure in figures.values():
                figure.end_run()
        yield actors, figures


def main() -> int:
    """Measure, show, and judge if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="that each writer has in each run")
    parser.add_argument("--directory", type=Path, help="on the disk to measure; the default is that of temporary files")
    parser.add_argument("--check", action="store_true", help=f"fail below {TARGET} of the plain loop")
    options = parser.parse_args()
    table = Table(title=f"durable appends/s, median of {options.runs} runs", title_justify="left")
    for heading in ("actors", "log", "loop", "library", "log:loop", "log:library", "p50 ms", "p99 ms"):
        table.add_column(heading, justify="right")
    lowest = float("inf")
    for actors, figures in measure(options.runs, options.seconds, options.directory):
        log, plain, library = (figures[name] for name in WRITERS)
        share = log.over(plain)
        lowest = min(lowest, share)
        table.add_row(
            f"{actors}",
            *(f"{figure.rate:,.0f}" for figure in (log, plain, library)),
            f"[{'green' if share >= TARGET else 'red'}]{share:.2f}",
            f"{log.over(library):.1f}",
            f"{log.delay(50):.2f}",
            f"{log.delay(99):.2f}",
        )
    Console().print(table)
    return int(options.check and lowest < TARGET)


if __name__ == "__main__":
    sys.exit(main())
