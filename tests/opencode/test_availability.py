"""Whether agents can be started is known without waiting for an opencode that hangs."""

import asyncio
import os
from pathlib import Path

import pytest
from tests.support.waiting import eventually

from opencode_ledger.actors.opencode import OpencodeAgents, OpencodeSettings
from opencode_ledger.actors.opencode.host.availability import NOT_KNOWN
from opencode_ledger.domain.errors import AgentUnavailable

from ..faults.processes import commands

HANGS = "#!/bin/sh\nsleep 300.271828\n"
FINE = "#!/bin/sh\necho 1.18.33\n"


def put(binary: Path, script: str, made: int) -> None:
    """Put an executable there, made at this moment."""
    draft = binary.with_suffix(".new")
    draft.write_text(script)
    draft.chmod(0o755)
    os.utime(draft, (made, made))
    draft.replace(binary)


def sleeping() -> bool:
    return any(b"300.271828" in command for command in commands().values())


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    return tmp_path / "opencode"


def agents_of(binary: Path, **limits: float) -> OpencodeAgents:
    return OpencodeAgents(OpencodeSettings(instance="x", binary=binary, look_lifetime=0.0, **limits))  # type: ignore[arg-type]


async def test_nobody_waits_for_an_opencode_that_hangs(binary: Path) -> None:
    """Health, a trigger and the list of models are answered within their limits, in words; its process is ended."""
    await asyncio.to_thread(put, binary, HANGS, 1)
    agents = agents_of(binary, look_limit=0.2)
    async with asyncio.timeout(5):
        assert await agents.condition(0.0) == NOT_KNOWN
        assert await agents.unavailable() is None
        with pytest.raises(AgentUnavailable, match="not known yet"):
            await agents.models()
    await eventually(sleeping)
    await agents.close()
    await eventually(lambda: not sleeping())


async def test_the_first_answer_is_waited_for_a_little(binary: Path) -> None:
    """Right after the start a status has an answer, where the executable gives one in time."""
    await asyncio.to_thread(put, binary, FINE, 1)
    agents = agents_of(binary)
    assert await agents.condition(30.0) is None
    assert agents.binary == binary
    await agents.close()


async def test_the_last_answer_stays_while_another_is_looked_for(binary: Path) -> None:
    """An executable that was replaced by one that hangs leaves what was known in place, until it is known to hang."""
    await asyncio.to_thread(put, binary, FINE, 1)
    agents = agents_of(binary, version_limit=1.0)
    assert await agents.condition(30.0) is None
    await asyncio.to_thread(put, binary, HANGS, 2)
    assert await agents.condition(30.0) is None
    async with asyncio.timeout(30):
        while (reason := await agents.condition(30.0)) is None:
            await asyncio.sleep(0.02)
    assert "did not report its version" in reason
    await asyncio.to_thread(put, binary, FINE, 3)
    async with asyncio.timeout(30):
        while await agents.condition(30.0) is not None:
            await asyncio.sleep(0.02)
    await agents.close()
