"""What a newcomer runs first."""

import asyncio
import os
import re
import signal
import subprocess
from pathlib import Path

import aiohttp
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 90.0

pytestmark = [pytest.mark.xdist_group("workflow"), pytest.mark.usefixtures("real_agent")]


async def start(temporary: Path, *options: str, **environment: str) -> asyncio.subprocess.Process:
    """The demo without a terminal, with a temporary directory of its own."""
    return await asyncio.create_subprocess_exec(
        ROOT / "scripts/demo",
        "--fast",
        *options,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(temporary), **environment},
    )


def left(temporary: Path) -> list[str]:
    """What is still there of a demo: files, and processes that know its directory."""
    mark = str(temporary)
    processes = (p.info["cmdline"] for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"])
    return [path.name for path in temporary.iterdir()] + [
        " ".join(line) for line in processes if mark in " ".join(line)
    ]


async def test_the_demo_runs_to_the_end(tmp_path: Path) -> None:
    """Without a terminal it is plain text, shows each act, replays the same bytes, and leaves nothing behind.

    With `--stay` its page can be looked at until Ctrl-C, which ends it as it would have ended by itself.
    """
    demo = await start(tmp_path, "--stay")
    assert demo.stdout is not None
    shown = ""
    async with asyncio.timeout(LIMIT), aiohttp.ClientSession() as client:
        while "The service stays up" not in shown:
            shown += (await demo.stdout.readline()).decode()
            assert not demo.stdout.at_eof(), shown
        page = re.search(r"page +(http\S+)", shown)
        assert page
        async with client.get(page[1]) as response:
            assert response.content_type == "text/html"
        demo.send_signal(signal.SIGINT)
        rest, _ = await demo.communicate()
    shown += rest.decode()
    assert demo.returncode == 0, shown
    cues = ["registered", "Let me see whether it passes.", "Also round", "completed in", "interrupted"]
    cues += [
        "No Rust today.",
        "write  README.md",
        "stopped in",
        "0 of opencode",
        "the same bytes as live",
        "WRONG  Event",
        "it was changed",
        "sound:",
        "./scripts/serve",
    ]
    places = [shown.find(cue) for cue in cues]
    assert -1 not in places, shown
    assert places == sorted(places)
    assert "\x1b" not in shown
    assert left(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_demo_cleans_up_when_it_is_interrupted(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C while the agent is at work ends the service and its agents, removes the files, and says so."""
    demo = await start(tmp_path)
    assert demo.stdout is not None
    async with asyncio.timeout(LIMIT):
        while b"read   cart.py" not in await demo.stdout.readline():
            assert not demo.stdout.at_eof()
        demo.send_signal(number)
        rest, _ = await demo.communicate()
    assert demo.returncode == 130
    assert "everything that it started" in rest.decode()
    assert left(tmp_path) == []


async def test_the_demo_says_what_to_do_when_the_agent_is_missing(tmp_path: Path) -> None:
    """With a binary that isn't opencode it ends with a reason and advice, not with a traceback."""
    demo = await start(tmp_path, LEDGER_OPENCODE_BINARY="/bin/false")
    async with asyncio.timeout(LIMIT):
        output, _ = await demo.communicate()
    assert demo.returncode == 1
    assert "The demo failed" in output.decode()
    assert "Traceback" not in output.decode()
    assert left(tmp_path) == []
