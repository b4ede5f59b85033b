"""A process that dies at any moment loses nothing it had acknowledged."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from opencode_ledger.actors.store.sqlite_store import SqliteEventStore
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import Position

WRITER = Path(__file__).with_name("writing_process.py")
FULL_DISK = Path(__file__).with_name("full_disk_process.py")
KILLS = 20
DEADLINE = 30


def environment() -> dict[str, str]:
    """Ours, with our way of finding the package."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}


def write_until_killed(log: Path, acknowledgements: Path, lines: int) -> None:
    """Run a writing process, and kill it without warning once it has written that many more acknowledgements."""
    wanted = acknowledgements.stat().st_size + 12 * lines
    with subprocess.Popen([sys.executable, WRITER, log, acknowledgements], env=environment()) as process:
        try:
            end = time.monotonic() + DEADLINE
            while acknowledgements.stat().st_size < wanted:
                assert process.poll() is None, "the writing process ended by itself"
                assert time.monotonic() < end, "the writing process writes too little"
                time.sleep(0.001)
        finally:
            process.kill()


async def everything(log: Path) -> list[RecordedEvent]:
    """The log as the next server finds it."""
    events = list[RecordedEvent]()
    async with SqliteEventStore.open(log) as store:
        while page := await store.read_all(Position(len(events)), 10_000):
            events += page
    return events


def test_nothing_acknowledged_is_lost_by_kill_9(path: Path, tmp_path: Path) -> None:
    """Killed twenty times amid its work, the log has every acknowledged event, and no number is missing or twice."""
    acknowledgements = tmp_path / "acknowledgements"
    acknowledgements.touch()
    for _ in range(KILLS):
        write_until_killed(path, acknowledgements, random.randrange(1, 2000))
    events = asyncio.run(everything(path))
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    streams: dict[str, list[int]] = defaultdict(list)
    for event in events:
        streams[event.stream].append(event.sequence)
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in streams.values())
    stored = {f"{event.stream} {event.sequence} {event.position}" for event in events}
    acknowledged = acknowledgements.read_text().split("\n")[:-1]
    assert len(acknowledged) > KILLS
    assert set(acknowledged) <= stored


def test_a_disk_that_fills_up_costs_only_what_was_refused(path: Path) -> None:
    """When the operating system takes no more bytes, appends are refused, and go through once there is room."""
    done = subprocess.run(
        [sys.executable, FULL_DISK, path],
        env=environment(),
        timeout=DEADLINE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    events = asyncio.run(everything(path))
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    assert events[-1].topic == "status"
