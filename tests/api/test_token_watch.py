"""How soon a changed token file counts: in virtual time, whatever else the service does."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Final

import pytest

from opencode_ledger.actors.twins.virtual_clock import VirtualClock
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.http.access.token_file import read_tokens
from opencode_ledger.http.access.token_record import AGAIN, Record
from opencode_ledger.http.access.token_watch import LONGEST_WAIT, LOOK_EVERY, STEADY, TokenWatch

STEP: Final = 0.01
SOON: Final = LOOK_EVERY + STEADY + 5 * STEP
"""Time passes in steps here, so each look may be a little late."""
ANNA, BEN = ("the-secret-of-anna", "the-secret-of-ben-")


def write(file: Path, *lines: str) -> None:
    file.write_text("\n".join(lines))
    file.chmod(0o600)


async def recorded(_rights: Mapping[str, str], _renewed: frozenset[str]) -> None:
    """As if it were on record at once."""


async def looked(clock: VirtualClock, sleepers: int = 1) -> None:
    """Wait until the watch has looked: it waits for time to pass again."""
    async with asyncio.timeout(30):
        while clock.sleepers < sleepers:
            await asyncio.sleep(0)


@asynccontextmanager
async def watching(file: Path, clock: VirtualClock, record: Record = recorded) -> AsyncGenerator[TokenWatch]:
    tokens = await asyncio.to_thread(read_tokens, file, Secrets())
    assert tokens
    watch = TokenWatch(file, tokens, Secrets(), clock, record=record, revoke=lambda _former, _valid: None)
    task = asyncio.create_task(watch.run())
    try:
        for _ in range(5):  # the first looks, which read the file once more
            await passed(clock, LOOK_EVERY)
        yield watch
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def passed(clock: VirtualClock, seconds: float) -> None:
    await looked(clock)
    await clock.advance(seconds)
    await looked(clock)


async def refused_after(watch: TokenWatch, clock: VirtualClock) -> float:
    """The virtual seconds until the second token is refused."""
    begun = clock.monotonic()
    while watch.find(BEN) is not None:
        assert clock.monotonic() - begun < SOON
        await passed(clock, STEP)
    return clock.monotonic() - begun


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    write(path, ANNA, BEN)
    return path


async def test_a_removed_token_is_refused_well_within_a_second(file: Path) -> None:
    """At whatever moment between two looks the line goes."""
    clock, took = VirtualClock(), list[float]()
    async with watching(file, clock) as watch:
        for moment in range(0, round(1.5 * LOOK_EVERY / STEP), 2):
            await asyncio.to_thread(write, file, ANNA, BEN)
            while watch.find(BEN) is None:
                await passed(clock, STEP)
            await passed(clock, LOOK_EVERY + moment * STEP)
            await asyncio.to_thread(write, file, ANNA)
            took.append(await refused_after(watch, clock))
            assert watch.find(ANNA)
    assert max(took) <= SOON


async def test_a_file_that_never_stays_the_same(file: Path) -> None:
    """It is read all the same, or somebody who can touch it would keep a removed token valid."""
    clock = VirtualClock()
    async with watching(file, clock) as watch:
        begun, count = clock.monotonic(), 0
        while watch.find(BEN) is not None:
            count += 1
            await asyncio.to_thread(write, file, ANNA, f"# {'x' * count}")
            await passed(clock, STEP)
            assert clock.monotonic() - begun <= SOON + LONGEST_WAIT
        assert count > (LOOK_EVERY + STEADY) / STEP
        assert watch.find(ANNA)


async def test_a_record_that_takes_long_keeps_no_token_valid(file: Path) -> None:
    """The change counts before it is recorded, and so does the next one."""
    clock, goes_on, records = VirtualClock(), asyncio.Event(), list[set[str]]()

    async def slow(rights: Mapping[str, str], _renewed: frozenset[str]) -> None:
        await goes_on.wait()
        records.append(set(rights))

    async with watching(file, clock, slow) as watch:
        await asyncio.to_thread(write, file, f"ben = all: {BEN}", f"anna = all: {ANNA}")
        while (token := watch.find(BEN)) is None or token.name is None:
            await passed(clock, STEP)
        await asyncio.to_thread(write, file, f"anna = all: {ANNA}")
        await refused_after(watch, clock)
        goes_on.set()
        await passed(clock, STEP)
    assert records[-1] == {"anna"}


async def test_a_record_that_fails_is_tried_again(file: Path, quiet: None) -> None:
    """Also after an error that nobody foresaw, with the names that were renewed before."""
    clock, records = VirtualClock(), list[frozenset[str]]()
    failures: list[Exception] = [StoreError("the disk is full"), ValueError("nobody foresaw this")]
    write(file, f"ben = all: {ANNA}")

    async def record(_rights: Mapping[str, str], renewed: frozenset[str]) -> None:
        records.append(renewed)
        if renewed and failures:
            raise failures.pop()

    async with watching(file, clock, record) as watch:
        await asyncio.to_thread(write, file, f"ben = all: {BEN}")
        while watch.find(BEN) is None:
            await passed(clock, STEP)
        for _ in range(2):
            await looked(clock, 2)
            await clock.advance(AGAIN)
        await looked(clock)
    assert records == [frozenset(), frozenset({"ben"}), frozenset({"ben"}), frozenset({"ben"})]


async def test_busy_threads_keep_no_token_valid(file: Path) -> None:
    """Searches and exports may use all threads that the service's parts share."""
    clock, over, loop = VirtualClock(), threading.Event(), asyncio.get_running_loop()
    async with watching(file, clock) as watch:
        await asyncio.to_thread(write, file, ANNA)
        loop.set_default_executor(ThreadPoolExecutor(1))
        busy = loop.run_in_executor(None, over.wait, 20)
        try:
            await refused_after(watch, clock)
        finally:
            over.set()
            await busy


def test_a_file_with_as_many_tokens_as_fit(tmp_path: Path) -> None:
    """Ten times as many tokens take about ten times as long to read, not a hundred times."""
    took = list[float]()
    for count in (80, 800):
        file = tmp_path / str(count)
        write(file, *(f"user{number:04} = read, operate: {number:040}" for number in range(count)))
        seconds = list[float]()
        for _ in range(3):
            begun = monotonic()
            tokens = read_tokens(file, Secrets())
            seconds.append(monotonic() - begun)
            assert tokens
            assert len(tokens.all) == count
        took.append(min(seconds))
    assert took[1] < 40 * took[0]
