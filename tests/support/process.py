"""A server in a process of its own, as a person starts it."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 60.0

SERVE = ("-m", "opencode_ledger", "serve")

READY = re.compile(r"opencode-ledger listening on http://127\.0\.0\.1:(\d+)\n")


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What the processes see: of our own options only the data's place (no usable one), the packages, and `more`."""
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith("LEDGER_") or name == "LEDGER_DATA"
    }
    return {**plain, "PYTHONPATH": f"{ROOT / '.dev'}:{ROOT}", "COLUMNS": "100", **(more or {})}


@dataclass
class Ended:
    """How a process ended, and what it wrote."""

    code: int
    output: str
    errors: str


async def started(*arguments: str, env: Mapping[str, str] | None = None) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE, env=environment(env)
    )


async def end_of(process: Process) -> Ended:
    """Wait for a process to end by itself."""
    async with asyncio.timeout(LIMIT):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), errors.decode())


async def run(*arguments: str, env: Mapping[str, str] | None = None) -> Ended:
    """Run a command to its end."""
    process = await started(*arguments, env=env)
    try:
        return await end_of(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def serving(*arguments: str, env: Mapping[str, str] | None = None) -> AsyncGenerator[tuple[Process, int]]:
    """A server that has said that it is ready, and its port; killed at the end if it is still there."""
    process = await started(*arguments, env=env)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(LIMIT):
            line = (await process.stdout.readline()).decode()
        ready = READY.fullmatch(line)
        assert ready, (line, await process.stderr.read() if process.stderr and not line else b"")
        yield process, int(ready[1])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
