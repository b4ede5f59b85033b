"""The crash harness in its short form, and proof that it would notice what it looks for."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from scripts.crash.ledger import Effect, Ledger
from scripts.crash.report import Report

from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position
from opencode_ledger.domain.ids import Sequence as Number

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 110.0


async def test_a_few_kills_lose_nothing(tmp_path: Path) -> None:
    """Killed or terminated four times under load, the server lost and doubled nothing, and left nothing running."""
    words = (
        "--cycles",
        "4",
        "--signal",
        "both",
        "--seed",
        "11",
        "--codebases",
        "4",
        "--longest",
        "0.8",
        "--keep",
        str(tmp_path),
    )
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.crash", *words),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(LIMIT):
            output, _ = await run.communicate()
    finally:
        if run.returncode is None:
            run.kill()
            await run.communicate()
    assert (run.returncode, output.decode().strip().splitlines()[-1]) == (0, "seed 11: nothing lost"), output.decode()


def event(position: int, sequence: int, topic: str = "output", data: bytes = b"{}") -> RecordedEvent:
    return RecordedEvent(Position(position), CodebaseId("cb_a"), Number(sequence), topic, data)


SAID = b'{"content":"word-1"}'


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([event(1, 1), event(3, 2)], "holes in positions or sequences"),
        ([event(1, 1), event(2, 3)], "holes in positions or sequences"),
        ([event(1, 1), event(2, 1)], "events doubled"),
        ([event(1, 1), event(1, 2)], "events doubled"),
        ([event(1, 1, "message_sent", SAID), event(2, 2, "message_sent", SAID)], "events doubled"),
    ],
)
def test_the_harness_notices(events: Sequence[RecordedEvent], fault: str, tmp_path: Path) -> None:
    """A hole or a double in the log is counted as such."""
    report = Report()
    ledger = Ledger(tmp_path / "ledger.db", report)
    for each in events:
        ledger.take(each)
    assert {name for name, count in report.faults.items() if count} == {fault}
    assert not report.sound


def test_the_harness_knows_what_runs(tmp_path: Path) -> None:
    """A session runs from its admission to its end, and an effect is known by its codebase, kind and mark."""
    ledger = Ledger(tmp_path / "ledger.db", Report())
    steps = (("started", True, False), ("admitted", False, True), ("interrupted", False, False))
    for number, (action, waiting, runs) in enumerate((*steps, ("resumed", False, True), ("stopped", False, False)), 1):
        data = json.dumps({"action": action, "session_id": "sess_1", "waiting": waiting})
        ledger.take(event(number, number, "session", data.encode()))
        assert (ledger.running == {"sess_1"}) is runs, action
    assert ledger.effects == {Effect("cb_a", "started", "sess_1"): 1, Effect("cb_a", "stopped", "the 1. time"): 1}
