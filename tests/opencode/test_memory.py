"""An agent that eats the machine's memory is ended before the machine is in need."""

from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from opencode_ledger.actors.opencode.host import memory_limit
from opencode_ledger.domain.codebase import facts as f

from .conftest import MakeLive

UNRULY = Path(__file__).with_name("unruly.py")
MIB = 2**20


@pytest.fixture(autouse=True)
def looked_at_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_limit, "INTERVAL", 0.1)


@pytest.mark.parametrize("eater", ["eat", "feed"])
async def test_an_agent_that_eats_memory_is_ended(make_stand_in: MakeLive, eater: str) -> None:
    """Beyond its limit it is ended with its tools, whichever of them took it; that is reported, and the next prompt works."""
    live = make_stand_in(binary=UNRULY, memory_limit=200 * MIB)
    before = set(psutil.pids())
    await live.prompt(f"text before\nsleep 0.1\n{eater} 300\nhang")
    died = await live.recorder.has(f.AgentDied)
    assert died.code == "AGENT_OUT_OF_MEMORY"
    assert "more than --agent-memory 200 allows" in died.reason
    assert live.recorder.text == "before"
    assert live.marked() == []
    await live.eventually(lambda: not hungry(before))
    assert (await live.run("text again", session="sess_2")).summary == "again"


async def test_an_agent_within_its_limit_is_left_alone(
    make_stand_in: MakeLive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds is looked at, and below the limit nothing comes of it."""
    looks: list[int] = []

    def held(pid: int) -> tuple[int, list[psutil.Process]]:
        looks.append(pid)
        return 200 * MIB, []

    monkeypatch.setattr(memory_limit, "_held", held)
    live = make_stand_in(binary=UNRULY, memory_limit=200 * MIB)
    await live.run("text words")
    await live.eventually(lambda: len(looks) > 2)
    assert live.agent.alive
    assert live.recorder.of(f.AgentDied) == []


def hungry(before: set[int]) -> list[int]:
    """The tools that came since and hold what they took."""
    found: list[int] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid not in before and "time.sleep(600)" in " ".join(process.cmdline()):
                found.append(process.pid)
    return found
