"""The environment of a process is found also while it becomes another program."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.waiting import eventually

from opencode_ledger.actors.opencode.processes.started_with import environment_of
from opencode_ledger.actors.opencode.processes.survivors import variable
from opencode_ledger.actors.opencode.program.environment import MARKER

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="an environment is read from /proc")

MARK = "an instance:a codebase"


@contextmanager
def started(*command: str, environment: dict[str, str]) -> Generator[int]:
    """A process with exactly this environment."""
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def looks_empty(pid: int) -> bool:
    return not Path(f"/proc/{pid}/environ").read_bytes()


def looked_at_for_long(pid: int) -> tuple[int, list[str | None]]:
    """How often its environment read as empty, and each mark that was found between."""
    empty, found = 0, list[str | None]()
    deadline = time.monotonic() + 30.0
    while empty < 10 and time.monotonic() < deadline:
        empty += looks_empty(pid)
        found.append(variable(pid, MARKER))
    return empty, found


async def test_a_mark_is_found_while_a_process_becomes_another_program(tmp_path: Path) -> None:
    """Of a process that replaces its program without end the mark is found at every look, also where others see nothing."""
    again = tmp_path / "again"
    again.write_text(f"#!/bin/sh\nexec {again}\n")
    again.chmod(0o755)
    with started(str(again), environment={MARKER: MARK}) as pid:
        empty, found = await asyncio.to_thread(looked_at_for_long, pid)
    assert empty == 10, "it was never seen while it became another program"
    assert set(found) == {MARK}


async def test_nothing_is_waited_for_where_there_is_no_environment() -> None:
    """A process without any variable has none at the first look."""
    with started("/bin/sleep", "300", environment={}) as pid:
        await eventually(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
        began = time.monotonic()
        assert await asyncio.to_thread(environment_of, pid, 60.0) == b""
        assert time.monotonic() - began < 30.0


async def test_a_process_that_is_gone_has_no_environment() -> None:
    """A number that no process has is an error of the system's, as for any file."""
    with pytest.raises(OSError, match="No such"):
        await asyncio.to_thread(environment_of, 2**22 + 1)
