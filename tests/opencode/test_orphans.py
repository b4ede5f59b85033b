"""Daemons that ended and that nobody waits for: as a container's first process we do, and take nobody's child away."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.support.waiting import eventually

from ..support.process import READY, ROOT, environment

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lets a process adopt orphans")

ADOPTS = """
import asyncio, ctypes, subprocess, threading
from opencode_ledger.actors.opencode import reap_orphans
import psutil
assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER

async def main():
    reaping = asyncio.create_task(reap_orphans(0.05))
    ours = await asyncio.create_subprocess_exec("sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do setsid true & done; exit 7")
    waited = asyncio.to_thread(subprocess.run, ["sh", "-c", "(sleep 0.2 &); exit 5"], check=False)
    assert (await ours.wait(), (await waited).returncode) == (7, 5)
    async with asyncio.timeout(20):
        while await asyncio.to_thread(psutil.Process().children):
            await asyncio.sleep(0.02)
    reaping.cancel()

asyncio.run(main())
"""


async def test_every_orphan_is_taken_leave_of_and_nobody_s_child() -> None:
    """Orphans are gone soon after their end; who waits for a process of his own has its exit code all the same."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ADOPTS, env=environment(), stderr=subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


def in_a_container() -> list[str]:
    """The beginning of a command that makes the rest the first process of a system of its own."""
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("nsenter") is None:
        pytest.skip("there is no unshare here")
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = [unshare, *user, "--pid", "--fork", "--mount-proc", "--kill-child"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no process may be made the first of a system here")
    return command


async def test_as_the_first_process_the_service_leaves_no_zombie(tmp_path: Path) -> None:
    """In a container without an init the service reaps what ended, and ends in good order on SIGTERM."""
    command = await asyncio.to_thread(in_a_container)
    serve = [
        *command,
        sys.executable,
        "-m",
        "opencode_ledger",
        "serve",
        "--port",
        "0",
        "--data",
        str(tmp_path / "data"),
    ]
    outside = await asyncio.create_subprocess_exec(
        *serve,
        "--opencode-binary",
        str(tmp_path / "none"),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert outside.stdout is not None
        assert READY.fullmatch((await asyncio.wait_for(outside.stdout.readline(), 60)).decode())
        [first] = await asyncio.to_thread(psutil.Process(outside.pid).children)
        entered = await asyncio.create_subprocess_exec(
            "nsenter",
            "-t",
            str(first.pid),
            "-p",
            "-U" if os.geteuid() else "-p",
            "sh",
            "-c",
            "for i in 1 2 3; do (sleep 0.1 &); done",
        )
        assert await entered.wait() == 0

        def children() -> list[psutil.Process]:
            return list(psutil.Process(first.pid).children())

        await eventually(children)
        await eventually(lambda: not children())
        first.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(outside.wait(), 20) == 0
    finally:
        if outside.returncode is None:
            outside.kill()
            await outside.wait()
