"""What `serve` says to a person at a terminal, and to a program at the other end of a pipe."""

import asyncio
import os
import pty
import re
import signal
import sys
from pathlib import Path

from tests.support.process import LIMIT, environment
from tests.support.proxies import published
from tests.support.service import running

from opencode_ledger.http.greeting import greeting
from opencode_ledger.http.settings import Settings


async def test_the_lines(tmp_path: Path) -> None:
    """They name page, API, data and opencode, or why there is none, at the public URL if there is one."""
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api:
        said = await greeting(api.service, "http://127.0.0.1:8000")
        for row in (
            "page      http://127.0.0.1:8000/",
            "API       http://127.0.0.1:8000/docs",
            "opencode  /opt/opencode",
        ):
            assert f"  {row}\n" in said
        assert f"{tmp_path / 'data'}  ({api.service.store.head:,} event" in said
        api.agents.problem = "opencode was not found."
        assert "  opencode  opencode was not found.\n" in await greeting(api.service, "http://127.0.0.1:8000")
    settings = published(tmp_path, "https://agents.example.com/ledger", "a-token-of-the-greeting")
    async with running(settings, tmp_path / "home") as api:
        said = await greeting(api.service, "http://127.0.0.1:8000")
        assert "  page      https://agents.example.com/ledger/  (here: http://127.0.0.1:8000/)\n" in said
        assert "  API       https://agents.example.com/ledger/docs\n" in said
        assert "a-token-of-the-greeting" not in said


async def test_a_path_moves_no_cursor(tmp_path: Path) -> None:
    """Control characters in a path are written out."""
    async with running(Settings(data=tmp_path / "a\x1b[2J\n"), tmp_path / "home") as api:
        said = await greeting(api.service, "http://127.0.0.1:8000")
    assert "\x1b" not in said
    assert len(said.splitlines()) == 7


async def served(data: Path, *options: str, on_a_terminal: bool, browser: Path | None = None) -> str:
    """All that `serve` writes to standard output, from its start to its end by a signal.

    `browser`: a program that is the person's browser; the signal waits until it has written what it opened.
    """
    reading, writing = pty.openpty() if on_a_terminal else os.pipe()
    command = (sys.executable, "-m", "opencode_ledger", "serve", "--port", "0", "--data", str(data))
    process = await asyncio.create_subprocess_exec(
        *command,
        "--opencode-binary",
        "/bin/false",
        *options,
        stdout=writing,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment({"BROWSER": str(browser)} if browser else None),
    )
    os.close(writing)
    said = await asyncio.to_thread(os.read, reading, 65536)
    while on_a_terminal and b"stop" not in said:
        said += await asyncio.to_thread(os.read, reading, 65536)
    async with asyncio.timeout(LIMIT):
        while browser is not None and not browser.with_name("opened").exists():
            await asyncio.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 0
    while not on_a_terminal and (more := await asyncio.to_thread(os.read, reading, 65536)):
        said += more
    os.close(reading)
    return said.decode()


async def test_only_a_terminal_gets_them(tmp_path: Path) -> None:
    """A program that waits for the ready line reads the same line as ever, and nothing after it."""
    ready = r"opencode-ledger listening on (http://127\.0\.0\.1:\d+)\r?\n"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\ncd "{tmp_path}" && echo "$1" > opened.new && mv opened.new opened\n')
    browser.chmod(0o700)
    on_terminal = await served(tmp_path / "a", "--open", on_a_terminal=True, browser=browser)
    found = re.match(ready, on_terminal)
    assert found
    assert f"page      {found[1]}/" in on_terminal
    assert (tmp_path / "opened").read_text() == f"{found[1]}/\n", "--open opens the page"
    assert re.fullmatch(ready, await served(tmp_path / "b", on_a_terminal=False))
