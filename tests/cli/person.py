"""A person at a terminal: a command in a pseudo-terminal, what its screen shows, and the keys that are pressed."""

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from tests.support.process import environment

LIMIT: Final = 60.0
COMMAND: Final = ("-P", "-m", "opencode_ledger")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_STEERS: Final = re.compile(r"[\x00-\x07\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]|\x1b(?!\[[0-9;]*m)")
"""What could move the cursor or do worse: all controls but line feeds, returns, colours, and a person's own backspaces."""


class Person:
    """Sits before a terminal in which one command runs."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self._process, self._master = process, master
        self._arrived = bytearray()
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # so a terminal ends
            piece = b""
        if not piece:
            asyncio.get_running_loop().remove_reader(self._master)
        self._arrived += piece
        self._news.set()

    @property
    def raw(self) -> str:
        """All that arrived, colours included."""
        return self._arrived.decode("utf-8", "replace")

    @property
    def screen(self) -> str:
        """All that was shown, without colours."""
        return _COLOUR.sub("", self.raw).replace("\r\n", "\n")

    @property
    def lines(self) -> list[str]:
        """The lines that were shown."""
        return [line.rstrip() for line in self.screen.split("\n")]

    async def sees(self, text: str, times: int = 1) -> None:
        """Wait until this was shown that number of times."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LIMIT):
                while self.screen.count(text) < times:
                    self._news.clear()
                    await self._news.wait()
                return
        raise AssertionError(f"{text!r} was not shown:\n{self.screen}")

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the command."""
        self._process.send_signal(number)

    async def leaves(self) -> int:
        """Wait for the command's end; its exit code."""
        async with asyncio.timeout(LIMIT):
            code = await self._process.wait()
        await asyncio.sleep(0)
        assert not _STEERS.search(self.raw.replace("\b \b", "")), self.raw
        return code


@asynccontextmanager
async def person(
    *words: str, cwd: Path, env: Mapping[str, str], columns: int = 80, command: Sequence[str] = COMMAND
) -> AsyncGenerator[Person]:
    """Start a command in a terminal of 24 lines."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    seen = environment({"TERM": "xterm-256color", **env})
    seen.pop("COLUMNS", None)
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command, *words),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=seen,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
    finally:
        os.close(slave)
    here = Person(process, master)
    try:
        yield here
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        with suppress(OSError, ValueError):
            asyncio.get_running_loop().remove_reader(master)
        os.close(master)
