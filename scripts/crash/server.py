"""The server under test: a process of its own, on one port and one data directory, killed and started again."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import psutil

ROOT: Final = Path(__file__).resolve().parents[2]
STAND_IN: Final = ROOT / "tests/opencode/stand_in.py"
READY: Final = "opencode-ledger listening on "
LIMIT: Final = 90.0
"""Seconds within which a start or an end must be done, on a machine with much else to do."""


class NotStarted(Exception):
    """The server did not come up."""


class Server:
    """Made, it does not run yet. `folder` holds its data, its log and the codebases."""

    def __init__(self, folder: Path, room: int) -> None:
        self.folder, self.data = folder, folder / "data"
        self.url = ""
        self._port, self._room = 0, room
        self._process: asyncio.subprocess.Process | None = None
        self._serves = False
        self.ending = False
        """Whether SIGTERM was sent: then it refuses further requests."""

    async def launch(self) -> None:
        """Start the process, without waiting until it serves."""
        self._serves = self.ending = False
        options = {
            "--port": self._port,
            "--data": self.data,
            "--opencode-binary": STAND_IN,
            "--opencode-home": self.folder / "home",
            "--max-agents": self._room,
        }
        with (self.folder / "server.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "opencode_ledger", "serve"),
                *(str(word) for option in options.items() for word in option),
                cwd=ROOT,
                env={name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Wait for the line that says that it serves. Raises `NotStarted`."""
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(LIMIT):
            line = (await self._process.stdout.readline()).decode().strip()
        if not line.startswith(READY):
            raise NotStarted(f"the server said {line!r} at its start; see {self.folder / 'server.log'}")
        self._serves = True
        self.url = line.removeprefix(READY)
        self._port = int(self.url.rpartition(":")[2])

    async def kill(self) -> int:
        """`kill -9` for the server's own process, and for nothing else; the exit code."""
        return await self._end(signal.SIGKILL)

    async def terminate(self, again: float | None = None) -> int:
        """End it in good order; the exit code. `again`: seconds until the second signal."""
        self.ending = True
        ending = asyncio.ensure_future(self._end(signal.SIGTERM))
        if again is not None:
            await asyncio.wait({ending}, timeout=again)
            if not ending.done() and self._process is not None and self._process.returncode is None:
                self._process.send_signal(signal.SIGTERM)
        return await ending

    @property
    def serves(self) -> bool:
        """Whether it has said that it serves since it was started."""
        return self._serves

    @property
    def runs(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.returncode is None

    async def _end(self, number: signal.Signals) -> int:
        process = self._process
        assert process is not None
        if process.returncode is None:
            process.send_signal(number)
        async with asyncio.timeout(LIMIT):
            return await process.wait()


def processes_in(folder: Path) -> set[psutil.Process]:
    """The processes that work in this folder or below it: agents, and what they started."""
    found: set[psutil.Process] = set()
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder):
                found.add(process)
        except (psutil.Error, OSError):
            continue
    return found
