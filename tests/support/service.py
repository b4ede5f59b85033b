"""The whole service on a free loopback port, with agents that say what a test wants them to."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from tests.support.described import assert_described

from opencode_ledger.actors.clock import SystemClock
from opencode_ledger.actors.opencode import Model
from opencode_ledger.actors.opencode.catalog import no_such_model
from opencode_ledger.actors.settings import ActorSettings
from opencode_ledger.actors.twins.scripted_agent import Play, ScriptedAgent, ScriptedAgents, wait_for_cues
from opencode_ledger.actors.twins.scripted_history import ScriptedHistories
from opencode_ledger.domain.callers import Caller
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.errors import AgentUnavailable, ProjectConfigUntrusted, UnknownModel
from opencode_ledger.domain.ids import CodebaseId
from opencode_ledger.domain.secrets.masker import Secrets
from opencode_ledger.http.access.token_file import read_tokens
from opencode_ledger.http.access.tokens import Tokens
from opencode_ledger.http.api.service import Service
from opencode_ledger.http.app import make_app
from opencode_ledger.http.bootstrap import running_service
from opencode_ledger.http.limits import MOST_CONNECTIONS
from opencode_ledger.http.server import valid_tokens
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.streams.shutdown import Shutdown
from opencode_ledger.http.web.connections import HEAD_LIMIT, accepting

API = "/v1/opencode"
FOREVER = 3600.0
LIMIT = 60.0
"""Seconds within which anything that is waited for must happen."""


class HeldClock(SystemClock):
    """A clock on which a pause of `FOREVER` ends when a test says so."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await (self.over.wait() if seconds == FOREVER else super().sleep(seconds))


class StandInAgents(ScriptedAgents):
    """Scripted agents as an `AgentHost`. `problem`: why none can run, if none can. `play` may be changed at any time.

    `callers`: who it is that asks, the last of them, where agents are there at all; `looks`: how often that was looked for.
    """

    def __init__(self, play: Play = wait_for_cues) -> None:
        self.play = play
        self._held = HeldClock()
        super().__init__(self._held, self._act)
        self.problem: str | None = None
        self.remark: str | None = None
        self.executable: Path | None = Path("/opt/opencode")
        self.catalog = [Model(id="test/model", name="Test Model", provider="Test")]
        self.catalog_known = False
        self.untrusted: set[str] = set()
        self.histories = ScriptedHistories()
        self.callers: list[Caller] = []
        self.looks = 0

    async def _act(self, agent: ScriptedAgent, prompt: Prompt) -> None:
        await self.play(agent, prompt)

    @property
    def binary(self) -> Path | None:
        return self.executable

    @property
    def note(self) -> str | None:
        return self.remark

    async def unavailable(self) -> str | None:
        return self.problem

    async def condition(self, patience: float) -> str | None:
        return self.problem

    @property
    def any_there(self) -> bool:
        return bool(self.callers)

    async def caller(self, client: object, server: object) -> Caller:
        self.looks += 1
        return self.callers[-1]

    async def models(self) -> list[Model]:
        if self.problem:
            raise AgentUnavailable(self.problem)
        return self.catalog

    async def check_model(self, model: str) -> None:
        if self.catalog_known and all(known.id != model for known in self.catalog):
            raise UnknownModel(no_such_model(model, self.catalog))

    async def check_trust(self, directory: str, *, trusted: bool) -> None:
        if directory in self.untrusted and not trusted:
            raise ProjectConfigUntrusted

    async def close(self) -> None:
        return

    @contextmanager
    def slow_to_abort(self) -> Generator[asyncio.Event]:
        """Makes agents abort only when the event is set, or at the end of the block."""
        self._held.over.clear()
        self.temper.abort_delay = self.temper.stop_delay = FOREVER
        try:
            yield self._held.over
        finally:
            self._held.over.set()
            self.temper.abort_delay = self.temper.stop_delay = 0


@dataclass
class Answer:
    """An answer whose body is JSON; any other body fails the test."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class Running:
    """A service under test, its agents, and a client of it. `home` is a directory for codebases."""

    service: Service
    shutdown: Shutdown
    agents: StandInAgents
    client: aiohttp.ClientSession
    port: int
    home: Path

    async def ask(self, method: str, path: str, body: object = None, **more: Any) -> Answer:
        """Send a request to an address below the API's own, `body` as JSON; its answer."""
        if body is not None:
            more.setdefault("headers", {}).setdefault("Content-Type", "application/json")
            more["data"] = orjson.dumps(body)
        url = path if path.startswith(("/healthz", "/readyz")) else API + path
        async with asyncio.timeout(LIMIT), self.client.request(method, url, **more) as response:
            assert response.content_type == "application/json", await response.text()
            answer = Answer(response.status, orjson.loads(await response.read()), response.headers)
        assert_described(method, url, answer.status, answer.body)
        return answer

    async def get(self, path: str, **more: Any) -> Any:
        """What is at an address, which must be there."""
        answer = await self.ask("GET", path, **more)
        assert answer.status == 200, answer
        return answer.body

    async def post(self, path: str, body: object = None) -> Any:
        """The answer to a command, which must succeed."""
        answer = await self.ask("POST", path, body)
        assert answer.status == 200, answer
        return answer.body

    def directory(self, name: str) -> Path:
        """A directory to register."""
        made = self.home / name
        made.mkdir(parents=True, exist_ok=True)
        return made.resolve()

    async def register(self, name: str = "my-project", **more: object) -> CodebaseId:
        """A registered codebase."""
        path = str(self.directory(name))
        answer = await self.post("/codebases", {"name": name, "path": path, **more})
        return CodebaseId(answer["codebase"]["id"])

    async def status(self, codebase: str) -> Any:
        """The status of a codebase's agent."""
        return await self.get(f"/codebases/{codebase}/status")

    async def agent_at_work(self, codebase: CodebaseId) -> ScriptedAgent:
        """The codebase's agent, once it has said that its run began."""

        def found() -> bool:
            return any(agent.codebase == codebase and agent.run and agent.run.task for agent in self.agents.at_work)

        await eventually(found)
        return self.agents.of(codebase)


async def eventually(wanted: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(LIMIT):
        while not wanted():
            await asyncio.sleep(0.002)


async def becomes(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Wait until an answer is what it should become."""
    async with asyncio.timeout(LIMIT):
        while (await ask()) != wanted:
            await asyncio.sleep(0.002)


@asynccontextmanager
async def running(
    settings: Settings,
    home: Path,
    *,
    agents: StandInAgents | None = None,
    token: str | Tokens | None = None,
    tuning: ActorSettings | None = None,
    head_limit: float = HEAD_LIMIT,
    limit: int = MOST_CONNECTIONS,
) -> AsyncGenerator[Running]:
    """The service for the length of a block, and a client that sends the token if there is a single one.

    With a token file in `settings` the tokens are those of the file, and `token` is the one that the client sends.
    """
    agents = agents or StandInAgents()
    headers = {"Authorization": f"Bearer {token}"} if isinstance(token, str) else {}
    secrets = Secrets()
    given = await asyncio.to_thread(read_tokens, settings.token_file, secrets)
    given = given or (Tokens.of(token) if isinstance(token, str) else token)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        async with (
            running_service(settings, agents=agents, tuning=tuning, secrets=secrets) as started,
            valid_tokens(settings, given, started) as valid,
            accepting(
                make_app(started, valid or given),
                listening,
                limit=limit,
                head_limit=head_limit,
            ),
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client,
        ):
            try:
                yield Running(started.service, started.shutdown, agents, client, port, home)
            finally:
                await started.shutdown.run()
