"""What it costs that the log can be trusted: the tree beside the appends, a verification, a restart, a look back.

The tree: appends of ten actors, one event each time, with a tree that follows and without, in turns; the appends
count as done when the tree covers them too. Verification: the whole of `audit verify`, as a ratio to SHA-256 over the
same bytes read from the same file. Restart: the command line to its ready line, over a log of a million events (a
tenth of that in a quick run), with its views and tree there. A look back: the views of a codebase near the end of its
log, asked for the first time and again at another moment.
"""

import asyncio
import contextlib
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Final

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.events.recorded import NewEvent
from opencode_ledger.domain.ids import CodebaseId, Sequence
from opencode_ledger.http.offline.verify import verify_data
from opencode_ledger.projections.as_of.views_at import Moments
from opencode_ledger.projections.runner import Projections
from opencode_ledger.projections.tree.log_tree import Tree
from opencode_ledger.projections.tree.signing import SigningKey

from .figures import Check
from .projections import session_events

ACTORS: Final = 10
ROUNDS: Final = 5
SAID: Final = session_events(0)[10]


async def _append(store: SqliteEventStore, stream: CodebaseId, count: int) -> None:
    for number in range(count):
        await store.append(stream, Sequence(number), [SAID])


async def _rate(root: Path, count: int, *, with_tree: bool) -> float:
    """Events per second that ten actors append; with a tree, until it covers them."""
    async with SqliteEventStore.open(root / "ledger.db") as store:
        key = await asyncio.to_thread(SigningKey.open, root / "checkpoint.key")
        tree = await Tree.open(root / "tree.db", store, key) if with_tree else None
        begun = time.perf_counter()
        await asyncio.gather(*(_append(store, CodebaseId(f"cb_{n}"), count // ACTORS) for n in range(ACTORS)))
        if tree:
            await tree.checkpoint()
        taken = time.perf_counter() - begun
        if tree:
            await tree.close()
    return count / taken


async def tree_cost(count: int) -> float:
    """Which part of the rate of appends is left beside a tree."""
    ratios: list[float] = []
    for _ in range(ROUNDS):
        rates: list[float] = []
        for with_tree in (False, True):
            with tempfile.TemporaryDirectory() as root:
                rates.append(await _rate(Path(root), count, with_tree=with_tree))
        ratios.append(rates[1] / rates[0])
    return statistics.median(ratios)


async def make_data(data: Path, events: int) -> CodebaseId:
    """A data directory with a log of that many events, its views and its tree. Returns the codebase with most of them."""
    long = CodebaseId("cb_0")
    async with SqliteEventStore.open(data / "ledger.db") as store:
        key = await asyncio.to_thread(SigningKey.open, data / "checkpoint.key")
        number = 0
        while store.head < events:
            stream = long if number % 2 else CodebaseId(f"cb_{1 + number % 10}")
            block: list[NewEvent] = [event for n in range(10) for event in session_events(10 * number + n)]
            await store.append(stream, await store.stream_head(stream), block)
            number += 1
        await (await Projections.open(data / "views.db", store)).close()
        tree = await Tree.open(data / "tree.db", store, key)
        for size in range(0, store.head, 10_000):
            await tree.root(size)  # a tree that is closed leaves what is far behind to the next start
        await tree.checkpoint()
        await tree.close()
    return long


def verification(data: Path) -> tuple[float, float]:
    """Events per second that are verified, and that is as a ratio to plain SHA-256 over the same rows."""
    begun = time.perf_counter()
    verdict = verify_data(data, (), None, lambda _done, _of: None)
    ours = time.perf_counter() - begun
    assert verdict.sound, verdict.result.findings
    with contextlib.closing(sqlite3.connect(f"{(data / 'ledger.db').as_uri()}?mode=ro", uri=True)) as log:
        begun = time.perf_counter()
        for (state,) in log.execute("SELECT state FROM stored_events ORDER BY rowid"):
            sha256(state).digest()
        plain = time.perf_counter() - begun
    return verdict.result.events / ours, plain / ours


def restart(data: Path) -> float:
    """Seconds from the command to its ready line."""
    command = [sys.executable, "-m", "opencode_ledger", "serve", "--port", "0", "--data", str(data)]
    times: list[float] = []
    for _ in range(3):
        begun = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ) as server:
            assert server.stdout is not None
            assert b"listening" in server.stdout.readline()
            times.append(time.perf_counter() - begun)
            server.send_signal(signal.SIGTERM)
    return statistics.median(times)


async def look_back(data: Path, codebase: CodebaseId) -> tuple[float, float]:
    """Milliseconds of the first look at a late moment, and the median of those at others."""
    async with SqliteEventStore.open(data / "ledger.db") as store:
        head = await store.stream_head(codebase)
        moments = await Moments.open(data / "moments.db", store)
        times: list[float] = []
        for at in (head - 7, head - 100, head // 2, head - 4_321, head // 3 + 99):
            begun = time.perf_counter()
            views = await moments.views(codebase, Sequence(at))
            await views.sessions.page(codebase)
            times.append(1000 * (time.perf_counter() - begun))
        await moments.close()
    return times[0], statistics.median(times[1:])


def checks(quick: bool) -> list[Check]:
    """All of it."""
    events = 100_000 if quick else 1_000_000
    found = [
        Check("appends beside a tree, to appends alone", asyncio.run(tree_cost(5_000)), " ×", at_least=0.85),
    ]
    with tempfile.TemporaryDirectory() as root:
        data = Path(root)
        long = asyncio.run(make_data(data, events))
        rate, ratio = verification(data)
        first, later = asyncio.run(look_back(data, long))
        found += [
            Check(f"verified, of {events:,} events", rate, " events/s"),
            Check("verified, to plain sha256 over the same rows", ratio, " ×", at_least=0.3),
            Check(f"restart over {events:,} events, to the ready line", restart(data), " s", at_most=3.0),
            Check(f"a look back at one of {events // 2:,} events, the first", first, " ms"),
            Check("a look back at other moments, median", later, " ms", at_most=100.0),
        ]
    return found
