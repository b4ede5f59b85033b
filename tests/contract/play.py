"""The document's examples, played once from beginning to end on the real service with the real agent.

What the requests of the document need is made beside them: the directory, its files, the three models that it names
and a scripted model behind them that says and does what the examples describe.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
from scripts.demo_session.client import Frame, frames_of
from scripts.demo_session.stage import Stage, stage
from scripts.scripted_model import Call, Fail, Item, Rule, Say, Wait, opencode_config, when

from ..support.process import SERVE, serving
from . import facts
from .facts import CODEBASE, Endpoint, Json

LIMIT: Final = 60.0
SAID: Final = facts.EVENTS["output"]["content"]
SUMMARY: Final = facts.EVENTS["complete"]["summary"]
FAILURE: Final = facts.EVENTS["error"]["error"]
FILES: Final = dict.fromkeys(facts.TRIGGER.request["files"], "def login():\n    ...\n")
WRONG: Final[Mapping[type, Json]] = {str: 5, int: "1", bool: "true", list: "x", dict: []}
"""For each type of a field a value of another type."""


@dataclass(frozen=True)
class Answer:
    """A status and the JSON that came with it."""

    status: int
    body: Json


@dataclass
class Played:
    """What came back: answers by address, of requests that are no examples by their names, and all events."""

    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    accepted: dict[str, Answer] = field(default_factory=dict[str, Answer])
    refusals: dict[str, Answer] = field(default_factory=dict[str, Answer])
    events: list[Frame] = field(default_factory=list[Frame])
    content_type: str = ""


class Player:
    """Asks what the document asks, and writes down what came back."""

    def __init__(self, http: aiohttp.ClientSession, scene: Stage, seen: Played) -> None:
        self._http, self._scene, self._seen = http, scene, seen
        self.ids = {"codebase_id": "cb_none", "task_id": "task_none", "session_id": "sess_none"}
        self.news = asyncio.Condition()

    async def ask(self, route: str, body: Json = None) -> Answer:
        """One request; its address may name ids in braces."""
        method, path = route.format(**self.ids).split(" ")
        async with (
            asyncio.timeout(LIMIT),
            self._http.request(method, self._scene.url + path, json=body) as response,
        ):
            return Answer(response.status, await response.json())

    async def play(self, endpoint: Endpoint, body: Json = None, *, more: str = "") -> Json:
        """Ask for each address of an endpoint, with the example's body unless another is given."""
        answer = Answer(0, None)
        for route in endpoint.routes:
            answer = await self.ask(route + more, endpoint.request if body is None else body)
            self._seen.answers[route].append(answer)
        return answer.body

    async def accepted(self, name: str, route: str, body: Json = None) -> None:
        """Ask for what the document allows without an example."""
        self._seen.accepted[name] = await self.ask(route, body)

    def refuse(self, name: str, answer: Answer) -> None:
        """Write down a refusal."""
        self._seen.refusals[name] = answer

    async def refused(self, name: str, route: str, body: Json = None) -> None:
        """Ask for what must be refused."""
        self.refuse(name, await self.ask(route, body))

    def script(self, *items: Item) -> None:
        """What the model does for every prompt of the document from now on."""
        self._scene.model.rules = [rule(text, *items) for text in ("authentication module", "OAuth flow")]

    async def watch(self) -> None:
        """Take down the codebase's events, from the first one on."""
        route = facts.STREAM.routes[0].format(**self.ids).split(" ")[1]
        headers = {"Accept": "text/event-stream", "Last-Event-ID": "0"}
        async with self._http.get(self._scene.url + route, headers=headers) as response:
            self._seen.content_type = response.content_type
            self._seen.answers[facts.STREAM.routes[0]].append(Answer(response.status, None))
            async for frame in frames_of(response.content.iter_any()):
                async with self.news:
                    self._seen.events.append(frame)
                    self.news.notify_all()

    async def saw(self, event: str, *words: str) -> None:
        """Wait for an event with these words in it that came since this was last waited for."""
        wanted = [word.encode() for word in words]

        def place() -> int | None:
            found = (
                number
                for number, frame in enumerate(self._seen.events[self._passed :], self._passed + 1)
                if frame.event == event and all(word in frame.raw for word in wanted)
            )
            return next(found, None)

        async with asyncio.timeout(LIMIT), self.news:
            await self.news.wait_for(lambda: place() is not None)
        self._passed = place() or 0

    _passed = 0


def rule(text: str, *items: Item) -> Rule:
    return when(text, items)


def config(base_url: str) -> Mapping[str, object]:
    """opencode's configuration: the document's three models, all of them at the scripted model's address."""
    model = {"limit": {"context": 200_000, "output": 32_000}, "cost": {"input": 3, "output": 15}, "tool_call": True}
    providers: dict[str, object] = {}
    for shown in facts.MODELS.response:
        provider, _, name = shown["id"].partition("/")
        providers[provider] = {
            "npm": "@ai-sdk/openai-compatible",
            "name": shown["provider"],
            "options": {"baseURL": base_url, "apiKey": "sk-scripted"},
            "whitelist": [name],
            "models": {name: {**model, "name": shown["name"]}},
        }
    chosen = {"model": facts.MODEL, "small_model": facts.MODEL, "enabled_providers": list(providers)}
    return {**opencode_config(base_url), **chosen, "provider": providers}


async def played(folder: Path) -> Played:
    """All of it, in `folder`."""
    seen = Played()
    limit = aiohttp.ClientTimeout(total=None)
    async with stage(folder, FILES, [], config) as scene, aiohttp.ClientSession(timeout=limit) as http:
        player = Player(http, scene, seen)
        await _register(player, scene)
        async with _watching(player):
            await _run(player)
            await _tasks(player)
            await _choices(player, folder)
            await _fail(player)
            await _refuse(player, folder)
            await player.play(facts.SYNC)
            await player.play(facts.DELETE)
        await _without_opencode(folder / "other", player, http)
    return seen


@asynccontextmanager
async def _watching(player: Player) -> AsyncGenerator[None]:
    watching = asyncio.create_task(player.watch())
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _register(player: Player, scene: Stage) -> None:
    await player.play(facts.MODELS)
    registered = await player.play(facts.REGISTER, {**facts.REGISTER.request, "path": str(scene.project)})
    player.ids["codebase_id"] = registered["codebase"]["id"]
    await player.play(facts.STATUS)
    await player.play(facts.CODEBASES)
    await player.play(facts.GET_CODEBASE)


async def _run(player: Player) -> None:
    """Triggered, steered, interrupted and resumed, and completed in the end."""
    written = Call("write", filePath=facts.EVENTS["file_change"]["path"], content="def test(): ...\n")
    player.script(Say(SAID), Call("read", filePath="src/auth/login.py"), written, Wait(gate=asyncio.Event()))
    triggered = await player.play(facts.TRIGGER)
    player.ids["session_id"] = triggered["session_id"]
    await player.saw("file_change")
    await player.play(facts.AGENT)
    await player.refused("a second trigger", facts.TRIGGER.routes[0], facts.TRIGGER.request)
    await player.play(facts.MESSAGE)
    await player.play(facts.INTERRUPT)
    player.script(Say(SUMMARY))
    await player.play(facts.MESSAGE)
    await player.saw("complete")
    await player.play(facts.SESSIONS)
    await player.play(facts.MESSAGES)


async def _tasks(player: Player) -> None:
    """One that is completed, one that is cancelled while it runs, and a stop."""
    await player.play(facts.CREATE_TASK)
    await player.saw("complete")
    await player.play(facts.TASKS, more="?status=completed")
    player.script(Say(SAID), Wait(gate=asyncio.Event()))
    created = await player.play(facts.CREATE_TASK)
    player.ids["task_id"] = created["task"]["id"]
    await player.saw("output")
    await player.play(facts.GET_TASK)
    await player.play(facts.CANCEL_TASK)
    await player.refused("a task that has ended", facts.CANCEL_TASK.routes[0])
    await player.play(facts.TRIGGER)
    await player.play(facts.STOP)


async def _choices(player: Player, folder: Path) -> None:
    """Every value that the document names, and every request with nothing but what is required."""
    for status in facts.TASKS.fields["status"].words:
        await player.accepted(f"status={status}", f"{facts.TASKS.routes[0]}?status={status}&limit=1")
    await player.accepted("limit and offset", f"{facts.SESSIONS.routes[0]}?limit=1&offset=1")
    player.script(Say(SUMMARY))
    for agent in facts.TRIGGER.fields["agent"].words:
        await player.accepted(f"agent {agent}", facts.TRIGGER.routes[0], {**facts.TRIGGER.request, "agent": agent})
        await player.saw("complete", SUMMARY)
    await player.accepted("a trigger with the least", facts.TRIGGER.routes[0], _least(facts.TRIGGER))
    await player.saw("complete", SUMMARY)
    (folder / "least").mkdir()
    least = {**_least(facts.REGISTER), "path": str(folder / "least")}
    await player.accepted("a registration with the least", facts.REGISTER.routes[0], least)


def _least(endpoint: Endpoint) -> Json:
    return {name: value for name, value in endpoint.request.items() if endpoint.fields[name].required}


async def _fail(player: Player) -> None:
    """The provider says for how long not to ask again: too long to be waited for."""
    player.script(Fail(429, FAILURE, times=None, headers={"Retry-After": "100000"}))
    await player.play(facts.TRIGGER)
    await player.saw("complete", "failed")


async def _refuse(player: Player, folder: Path) -> None:
    for command in (facts.MESSAGE, facts.INTERRUPT, facts.STOP):
        await player.refused(f"nothing for {command.title}", command.routes[0], command.request)
    other = folder / "other"
    other.mkdir()
    for endpoint in facts.ENDPOINTS:
        for route in endpoint.routes:
            if "{" in route:
                unknown = route.replace("{codebase_id}", "cb_none").replace("{task_id}", "task_none")
                await player.refused(f"unknown: {route}", unknown, endpoint.request)
        if endpoint.request is not None:
            await _refuse_wrong_types(player, endpoint, str(other))
    for name in ("limit", "offset"):
        await player.refused(f"{name}=x", f"{facts.SESSIONS.routes[0]}?{name}=x")
    await player.refused("status=x", f"{facts.TASKS.routes[0]}?status=x")
    await player.refused("limit=x", f"{facts.TASKS.routes[0]}?limit=x")
    await player.refused("no session_id", f"GET {CODEBASE}/messages")


async def _refuse_wrong_types(player: Player, endpoint: Endpoint, path: str) -> None:
    whole = {**endpoint.request, "path": path} if "path" in endpoint.request else endpoint.request
    for name, value in whole.items():
        wrong = {**whole, name: WRONG[type(value)]}
        await player.refused(f"{endpoint.title}: {name} of another type", endpoint.routes[0], wrong)
    for name, wanted in endpoint.fields.items():
        if wanted.required:
            less = {key: value for key, value in whole.items() if key != name}
            await player.refused(f"{endpoint.title}: {name} left out", endpoint.routes[0], less)
        if wanted.words:
            wrong = {**whole, name: "another"}
            await player.refused(f"{endpoint.title}: {name} that is none of them", endpoint.routes[0], wrong)


async def _without_opencode(folder: Path, player: Player, http: aiohttp.ClientSession) -> None:
    """On a machine without opencode."""
    data = folder.with_name("data-without-opencode")
    options = ("--data", str(data), "--port", "0", "--opencode-binary", str(folder / "nothing"))
    async with serving(*SERVE, *options) as (_, port):
        url = f"http://127.0.0.1:{port}"
        registration = {**facts.REGISTER.request, "path": str(folder)}
        async with http.post(f"{url}{facts.API}/codebases", json=registration) as response:
            codebase = json.loads(await response.read())["codebase"]["id"]
        async with http.post(f"{url}{facts.API}/codebases/{codebase}/trigger", json={"prompt": "x"}) as response:
            player.refuse("without opencode", Answer(response.status, await response.json()))
