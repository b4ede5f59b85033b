"""A terminal in which curl lines are typed: all that the tests know of the service, they know from here."""

import asyncio
import os
import subprocess
from collections.abc import Callable
from typing import Final, Self

from scripts.demo_session.client import Frame

from .lines import Line

PATIENCE: Final = 60.0


class Terminal:
    """Types lines for the service at `host` and the project at `path`; `codebase` is known after registering."""

    def __init__(self, host: str, path: str) -> None:
        self.host, self.path, self.codebase = host, path, "cb_unknown"

    async def type(self, line: Line) -> str:
        """Run a line to its end; what it printed."""
        process = await self._start(line)
        async with asyncio.timeout(PATIENCE):
            output, _ = await process.communicate()
        assert process.returncode == 0, f"{line.title}: curl ended with {process.returncode}"
        return output.decode()

    async def watch(self, line: Line) -> "Watch":
        """Run a line that does not end by itself."""
        return Watch(await self._start(line))

    async def _start(self, line: Line) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *("bash", "-c", "exec " + line.on(self.host, self.path, self.codebase)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"},
        )


class Watch:
    """A `curl -N` on an event stream, until it is left: `frames` is what came so far, `printed` every byte of it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.frames: list[Frame] = []
        self.printed = b""
        self._process = process
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        await self._reading
        await self._process.wait()

    async def saw(self, event: str, text: str = "") -> Frame:
        """The first event, past or to come, of that name with `text` in its data."""

        def found() -> Frame | None:
            return next((f for f in self.frames if f.event == event and text.encode() in f.raw), None)

        return await self._wait(found, f"{event} {text}")

    async def _wait(self, found: Callable[[], Frame | None], what: str) -> Frame:
        try:
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(lambda: found() or self._reading.done())
        except TimeoutError:
            raise AssertionError(f"did not come: {what}; the last was {self.frames[-1:]}") from None
        frame = found()
        assert frame is not None, f"the stream ended before there was: {what}"
        return frame

    async def _read(self) -> None:
        assert self._process.stdout is not None  # it is a pipe
        while chunk := await self._process.stdout.read(2**16):
            self.printed += chunk
            async with self._news:
                self.frames = frames_in(self.printed)
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()


def frames_in(printed: bytes) -> list[Frame]:
    """The events in what curl has printed so far: all blocks that a blank line ends."""
    blocks = printed.split(b"\n\n")[:-1]
    fields = [dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line) for block in blocks]
    return [Frame(int(f[b"id"]), f[b"event"].decode(), f[b"data"]) for f in fields]
