"""An agent that says more than anybody asked for: memory stays bounded, the service answers, and nothing is lost unsaid."""

import asyncio
from pathlib import Path

import psutil
import pytest
import structlog

from opencode_ledger.actors.opencode import outbox
from opencode_ledger.domain.codebase import facts as f

from .conftest import MakeLive

UNRULY = Path(__file__).with_name("unruly.py")
MIB = 2**20
LONG = pytest.mark.long


async def watched(live_memory: list[int], beats: list[float]) -> None:
    """Note how much memory this process has, and how late the event loop is with it."""
    process, loop = psutil.Process(), asyncio.get_running_loop()
    while True:
        asked = loop.time()
        await asyncio.sleep(0.01)
        beats.append(loop.time() - asked - 0.01)
        live_memory.append(process.memory_info().rss)


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=LONG)])
async def test_a_flood_of_events(make_stand_in: MakeLive, count: int) -> None:
    """As many events as an agent can say arrive whole and in order, in bounded memory, while the loop goes on."""
    live = make_stand_in(binary=UNRULY, backlog=MIB)
    memory, beats = [psutil.Process().memory_info().rss], [0.0]
    watching = asyncio.create_task(watched(memory, beats))
    try:
        await live.prompt(f"flood {count}")
        ended = await live.recorder.has(f.RunEnded, limit=280)
    finally:
        watching.cancel()
    assert ended.outcome == "completed"
    assert live.recorder.text == "".join(f"{number} " for number in range(count))
    assert all(len(fact.content) <= outbox.LARGEST + outbox.PIECE for fact in live.recorder.of(f.TextStreamed))
    assert max(memory) - memory[0] < 100 * MIB + 20 * count
    assert len(beats) > 20


@pytest.mark.parametrize("size", [8, pytest.param(64, marks=LONG)])
async def test_an_event_that_is_too_long(make_stand_in: MakeLive, size: int) -> None:
    """An event beyond the limit isn't read; that is said, and opencode is asked for it: all of it comes, in pieces."""
    live = make_stand_in(binary=UNRULY, line_limit=MIB)
    with structlog.testing.capture_logs() as logs:
        ended = await live.run(f"text before\nline {size}\ntext after")
    assert ended.outcome == "completed"
    pieces = [piece for piece in live.recorder.of(f.TextStreamed) if piece.content.startswith("y")]
    assert sum(len(piece.content) for piece in pieces) == size * MIB
    assert all(len(piece.content) <= outbox.LARGEST for piece in pieces)
    assert live.recorder.text == "before" + size * MIB * "y" + "after"
    assert [line["log_level"] for line in logs if "too long" in line["event"]] == ["warning"]
