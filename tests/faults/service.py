"""The service as its users have it: a process of its own, reached over HTTP, ended by signals."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import aiohttp
from scripts.demo_session.client import Frame, frames_of
from scripts.scripted_model import Permissions, ScriptedModel, opencode_config, without_catalogue
from tests.support.waiting import BUSY, LIMIT

from ..opencode.live import make_repository
from .processes import agents_in, processes_in

READY = "opencode-ledger listening on "
NO_LIMIT = aiohttp.ClientTimeout(total=None)


@dataclass(frozen=True)
class Answer:
    """A response: its status, and its JSON."""

    status: int
    content: object

    def text(self, name: str) -> str:
        """A member as text."""
        return str(cast("Mapping[str, object]", self.content).get(name))


class Service:
    """One data directory, one port, one private home for the agents; started and ended as often as a test likes.

    The agent may run any command but `touch` and `./ask…`, for which it asks leave. `providers`: further ones by name, each like the
    scripted model's but for these options.
    """

    def __init__(
        self,
        folder: Path,
        binary: Path,
        model: ScriptedModel,
        providers: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        self.folder, self.data, self.model = folder, folder / "data", model
        self._providers = providers or {}
        self.binary = binary
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None
        self._codebases = 0
        self.url = ""
        self.more_options: dict[str, object] = {}

    # --- its life -------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start it and wait for the line that says it is ready; again on the same port as before."""
        with (self.folder / "service.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "opencode_ledger", "serve", *self._options()),
                env={name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(LIMIT):
            line = (await self._process.stdout.readline()).decode().strip()
        assert line.startswith(READY), f"{line!r}; {self.log[-2000:]}"
        self.url = line.removeprefix(READY)
        self._port = int(self.url.rpartition(":")[2])

    def _options(self) -> Sequence[str]:
        config = self.folder / "opencode.json"
        permission: Permissions = {"edit": "allow", "bash": {"*": "allow", "touch *": "ask", "./ask*": "ask"}}
        content = opencode_config(self.model.base_url, permission, providers=self._providers)
        config.write_text(json.dumps(content))
        options = {
            "--port": self._port,
            "--data": self.data,
            "--opencode-binary": self.binary,
            "--opencode-config": config,
            "--opencode-home": without_catalogue(self.folder / "home"),
            "--max-agents": 10,
            **self.more_options,
        }
        return [str(word) for option in options.items() for word in option if word is not None]

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the service's own process and to nothing else."""
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self, limit: float = LIMIT) -> int:
        """Wait for its end; the exit code."""
        assert self._process is not None
        async with asyncio.timeout(limit):
            return await self._process.wait()

    async def terminate(self, limit: float = 10.0 + BUSY) -> int:
        """SIGTERM, and its end within the promised time; the exit code."""
        self.send_signal(signal.SIGTERM)
        return await self.ended(limit)

    async def close(self) -> dict[int, bytes]:
        """See to it that it has ended; the processes that it left behind, which are ended then."""
        if self._process is not None and self._process.returncode is None:
            try:
                await self.terminate()
            finally:
                if self._process.returncode is None:
                    self._process.kill()
                    await self._process.wait()
        left = processes_in(self.folder)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return left

    @property
    def log(self) -> str:
        """What it said on standard error."""
        return (self.folder / "service.log").read_text()

    @property
    def instance(self) -> str:
        """The name by which the processes of this data directory are known."""
        return (self.data / "instance").read_text().strip()

    # --- what it is asked -----------------------------------------------------------------------------------------

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Answer:
        """One request; paths begin after `/v1/opencode`."""
        async with (
            aiohttp.ClientSession() as http,
            http.request(method, f"{self.url}/v1/opencode{path}", json=body) as response,
        ):
            return Answer(response.status, cast("object", await response.json(content_type=None)))

    async def register(self, **agent_config: bool) -> "Codebase":
        """Make a new git repository known."""
        self._codebases += 1
        directory = make_repository(self.folder / f"project-{self._codebases}")
        body = {"name": directory.name, "path": str(directory), "agent_config": agent_config}
        answer = await self.ask("POST", "/codebases", body)
        assert answer.status == 200, answer
        registered = cast("Mapping[str, Mapping[str, str]]", answer.content)["codebase"]
        return Codebase(self, registered["id"], directory)


class Codebase:
    """A registered codebase and its directory."""

    def __init__(self, service: Service, codebase_id: str, directory: Path) -> None:
        self.service, self.id, self.directory = service, codebase_id, directory
        self.path = f"/codebases/{codebase_id}"

    async def post(self, action: str, body: Mapping[str, object] | None = None) -> Answer:
        """A command to its agent that is accepted."""
        answer = await self.service.ask("POST", f"{self.path}/{action}", body)
        assert answer.status == 200, answer
        return answer

    async def trigger(self, *lines: str) -> str:
        """Start an agent that does what these lines say; the session's id."""
        return (await self.post("trigger", {"prompt": "\n".join(lines)})).text("session_id")

    async def message(self, *lines: str) -> Answer:
        """Say something to the session."""
        return await self.post("message", {"message": "\n".join(lines)})

    async def status(self) -> str:
        """The agent's status."""
        return (await self.service.ask("GET", f"{self.path}/status")).text("status")

    async def session(self, session: str) -> list[Frame]:
        """All events of a session; waits for its end."""
        async with asyncio.timeout(LIMIT):
            return [frame async for frame in self.events(query=f"?session_id={session}")]

    async def events(self, after: int = 0, query: str = "") -> AsyncIterator[Frame]:
        """Its events, from the first one on."""
        async with aiohttp.ClientSession(timeout=NO_LIMIT) as http:
            url = f"{self.service.url}/v1/opencode{self.path}/events{query}"
            async with http.get(url, headers={"Last-Event-ID": str(after)}) as response:
                assert response.status == 200, await response.text()
                async for frame in frames_of(response.content.iter_any()):
                    yield frame

    async def until(self, wanted: Callable[[Frame], bool], limit: float = LIMIT) -> list[Frame]:
        """All its events up to the first one that is wanted."""
        seen: list[Frame] = []
        try:
            async with asyncio.timeout(limit):
                async for frame in self.events():
                    seen.append(frame)
                    if wanted(frame):
                        return seen
        except TimeoutError:
            pass
        raise AssertionError(f"it never came, after {[(f.event, f.raw) for f in seen]}")

    @property
    def agents(self) -> list[int]:
        """The opencode servers that run for it."""
        return agents_in(self.directory)

    @property
    def processes(self) -> dict[int, bytes]:
        """All that runs in it."""
        return processes_in(self.directory)


def frame_of(event: str, **members: str) -> Callable[[Frame], bool]:
    """Whether an event is of this name with these members."""
    return lambda frame: frame.event == event and all(frame.text(name) == value for name, value in members.items())


def count(frames: Sequence[Frame], event: str, **members: str) -> int:
    """How many of the events are of this name with these members."""
    return sum(map(frame_of(event, **members), frames))


def said(frames: Sequence[Frame]) -> str:
    """All the agent's text."""
    return "".join(frame.text("content") for frame in frames if frame.event == "output")
