"""The opencode process: started in a session of its own, its output drained, its end always noticed.

Its end doesn't wait for its output: a tool that outlived it may hold the pipe.
"""

import asyncio
import os
import re
import shutil
import signal
import socket
import sys
from collections import deque
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ....domain.errors import AgentError
from ....domain.failure import Failure
from ....domain.secrets.masker import Secrets
from ..processes import inherited
from ..program.environment import MARKER
from ..program.shortage import why
from ..starting.last_error import last_error

START_FAILED = "AGENT_START_FAILED"
_LISTENING = re.compile(rb"listening on (http://\S+)")
_KEPT_LINES = 50
_KEPT_BYTES = 4096
_CHUNK = 65536


class EndedEarly(AgentError):
    """opencode ended before it listened; the next try may succeed."""


class Output:
    """The output of a process: always drained, its last lines kept, searched for one line."""

    def __init__(self) -> None:
        self.url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._lines: deque[bytes] = deque(maxlen=_KEPT_LINES)
        self._rest = b""

    @property
    def last_error(self) -> str:
        """The last error that it printed, if there is one."""
        return last_error([line.decode("utf-8", "replace") for line in (*self._lines, self._rest)])

    async def drain(self, descriptor: int) -> None:
        """Read until the end or cancellation."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_CHUNK)
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            while chunk := await reader.read(_CHUNK):
                self._take(chunk)
        finally:
            transport.close()

    def _take(self, chunk: bytes) -> None:
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[-_KEPT_BYTES:]
        for line in lines:
            self._lines.append(line[:_KEPT_BYTES])
            if (found := _LISTENING.search(line)) and not self.url.done():
                self.url.set_result(found[1].decode("ascii", "replace"))


class OpencodeProcess:
    """A running `opencode serve`. `url`: where it listens. `ended_for`: the fault that we ended it for, if any."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        outputs: tuple[Output, Output],
        drains: list[asyncio.Task[None]],
        ended: asyncio.Task[int],
        secrets: Secrets,
    ) -> None:
        self._process, self._drains, self._secrets = process, drains, secrets
        self._output, self._errors = outputs
        self.ended = ended
        self.url = ""
        self.ended_for: Failure | None = None

    @classmethod
    async def start(
        cls, binary: Path, directory: str, environment: Mapping[str, str], limit: float, secrets: Secrets
    ) -> "OpencodeProcess":
        """Start it and wait until it listens. Raises `AgentError`; leaves no process behind if it fails."""
        process = await cls._spawn(binary, directory, environment, secrets)
        try:
            await process.listening(limit)
        except BaseException:
            await process.kill()
            raise
        return process

    @classmethod
    async def _spawn(
        cls, binary: Path, directory: str, environment: Mapping[str, str], secrets: Secrets
    ) -> "OpencodeProcess":
        prefix = await asyncio.to_thread(_bound_to_us)
        pipes: list[tuple[int, int]] = []
        try:
            pipes += [os.pipe()]
            pipes += [os.pipe()]
            process = await asyncio.create_subprocess_exec(
                *prefix,
                str(binary),
                "serve",
                "--hostname=127.0.0.1",
                f"--port={_free_port()}",
                cwd=directory,
                env=dict(environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=pipes[0][1],
                stderr=pipes[1][1],
                start_new_session=True,
            )
            inherited.put_on(process.pid, environment.get(MARKER, ""))
        except (OSError, ValueError) as error:
            for reading, _ in pipes:
                os.close(reading)
            raise AgentError(f"opencode could not be started: {why(error)}", code=START_FAILED) from None
        finally:
            for _, writing in pipes:
                os.close(writing)
        outputs = (Output(), Output())
        drains = [asyncio.create_task(out.drain(pipe[0])) for out, pipe in zip(outputs, pipes, strict=True)]
        return cls(process, outputs, drains, asyncio.create_task(process.wait()), secrets)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not self.ended.done()

    def obituary(self) -> str:
        """How it ended, in a sentence: exit code or signal, and its last words, or the fault for which we ended it."""
        if self.ended_for is not None:
            return self.ended_for.error
        code = self._process.returncode
        if code is None:
            return "opencode still runs."
        how = f"opencode ended by signal {_signal_name(-code)}" if code < 0 else f"opencode ended with exit code {code}"
        last = self._errors.last_error or ("" if self.url else self._output.last_error)
        return how + (f": {self._secrets.mask(last)}" if last else ".")

    async def terminate(self, patience: float) -> None:
        """SIGTERM, and after `patience` seconds SIGKILL; returns when it is gone."""
        if self.alive:
            self._signal(signal.SIGTERM)
            await asyncio.wait({self.ended}, timeout=patience)
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        if self.alive:
            self.end()
            await asyncio.wait({self.ended})
        await self.drained()

    def end(self, why: Failure | None = None) -> None:
        """SIGKILL, without waiting. `why`: the fault for which it is ended."""
        self.ended_for = self.ended_for or why
        self._signal(signal.SIGKILL)

    async def drained(self) -> None:
        """Read its last output, but don't wait for others that hold its pipes; then close them."""
        await asyncio.wait(self._drains, timeout=0.2)
        for drain in self._drains:
            drain.cancel()
        await asyncio.gather(*self._drains, return_exceptions=True)

    async def listening(self, limit: float) -> None:
        """Wait until it says where it listens. Raises `AgentError`."""
        signs: set[asyncio.Future[str] | asyncio.Future[int]] = {self._output.url, self.ended}
        await asyncio.wait(signs, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if self._output.url.done():
            self.url = self._output.url.result()
        elif self.ended.done():
            await self.drained()
            raise EndedEarly(self.obituary(), code=START_FAILED)
        else:
            raise AgentError(f"opencode did not listen within {limit:.0f} s.", code=START_FAILED)

    def _signal(self, number: signal.Signals) -> None:
        try:
            self._process.send_signal(number)
        except ProcessLookupError:
            return


@cache
def _bound_to_us() -> tuple[str, ...]:
    """A command prefix with which the kernel ends opencode when this server is killed, on systems that can."""
    setpriv = shutil.which("setpriv") if sys.platform.startswith("linux") else None
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


def _free_port() -> int:
    """A port that is free now. If opencode chose, all processes would compete for the same one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
