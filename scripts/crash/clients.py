"""The load: clients that send requests without pause, and record what was acknowledged."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import aiohttp

from .ledger import Effect
from .report import Report
from .server import Server

PROMPTS: Final = (
    "stream 300 100",
    "stream 2000 0",
    "text some words of an answer",
    "write a.txt\ntext written",
    "sleep 0.3\ntext slept",
    "ask",
    "drop",
    "crash 3",
    "hang",
)
"""The prompts of the stand-in: from much output to none, and ends of every kind."""

LIMIT: Final = aiohttp.ClientTimeout(total=60)


class Clients:
    """All of them. `take` gives what was answered with a 2xx, and so must be in the log for ever."""

    def __init__(self, server: Server, report: Report, seed: int) -> None:
        self._acknowledged: list[Effect] = []
        self.codebases: list[str] = []
        self._server, self._report = server, report
        self._random = random.Random(seed)
        self._words = 0
        self._stops: Counter[str] = Counter()
        self._http = aiohttp.ClientSession(timeout=LIMIT)

    def take(self) -> list[Effect]:
        """What was acknowledged since the last call."""
        taken, self._acknowledged = self._acknowledged, []
        return taken

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def register(self, name: str) -> str | None:
        """Register a codebase; its id, if that was acknowledged."""
        place = self._server.folder / "code" / name
        await asyncio.to_thread(Path.mkdir, place, parents=True, exist_ok=True)
        answer = await self._post("/codebases", {"name": name, "path": str(place)})
        if answer is None:
            return None
        codebase = cast("Mapping[str, str]", answer["codebase"])["id"]
        self._done(codebase, "registered", codebase)
        return codebase

    async def lead(self, codebase: str) -> None:
        """One codebase's own client: the only one that stops its agent, so that each stop is its own."""
        choices = (self._trigger, self._trigger, self._task, self._message, self._message, self._interrupt, self._stop)
        while True:
            await self._random.choice(choices)(codebase)
            await asyncio.sleep(self._random.uniform(0.0, 0.05))

    async def disturb(self) -> None:
        """A client of all codebases: talks to any of them, queues, registers, and reads what the views say."""
        for number in range(1_000_000):
            codebase = self._random.choice(self.codebases)
            await self._random.choice((self._message, self._task, self._trigger, self._read))(codebase)
            if number % 50 == 49:
                await self.register(f"further-{self._word()}")
            await asyncio.sleep(self._random.uniform(0.0, 0.05))

    async def checkpoint(self) -> str | None:
        """The log's newest checkpoint."""
        return await self.text("/log/checkpoint")

    async def text(self, path: str) -> str | None:
        """What is at an address, while there is a server."""
        try:
            async with self._http.get(f"{self._server.url}/v1/opencode{path}") as response:
                text = await response.text()
                self._notice(response.status, path)
                return text if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def _trigger(self, codebase: str) -> None:
        answer = await self._post(f"/codebases/{codebase}/trigger", {"prompt": self._prompt()})
        if answer:
            self._done(codebase, "started", str(answer["session_id"]))

    async def _task(self, codebase: str) -> None:
        body = {"title": self._word(), "prompt": self._prompt()}
        answer = await self._post(f"/codebases/{codebase}/tasks", body)
        if answer:
            self._done(codebase, "queued", cast("Mapping[str, str]", answer["task"])["id"])

    async def _message(self, codebase: str) -> None:
        words = self._prompt()
        if await self._post(f"/codebases/{codebase}/message", {"message": words}):
            self._done(codebase, "said", words)

    async def _interrupt(self, codebase: str) -> None:
        await self._post(f"/codebases/{codebase}/interrupt")

    async def _stop(self, codebase: str) -> None:
        if await self._post(f"/codebases/{codebase}/stop"):
            self._stops[codebase] += 1
            self._done(codebase, "stopped", f"the {self._stops[codebase]}. time")

    async def _read(self, codebase: str) -> None:
        await self.text(f"/codebases/{codebase}/sessions")

    async def _post(self, path: str, body: Mapping[str, str] | None = None) -> Mapping[str, object] | None:
        """The answer, where it is a 2xx that came whole."""
        try:
            async with self._http.post(f"{self._server.url}/v1/opencode{path}", json=body) as response:
                content: object = await response.json(content_type=None)
                self._notice(response.status, path)
                return cast("Mapping[str, object]", content) if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            self._report.done["requests without an answer"] += 1
            await asyncio.sleep(0.05)
            return None

    def _notice(self, status: int, path: str) -> None:
        self._report.done["requests answered"] += 1
        if status >= 500 and not (status == 503 and self._server.ending):
            self._report.wrong("answers of the kind 500", f"{status} from {path}")

    def _done(self, codebase: str, kind: str, mark: str) -> None:
        self._acknowledged.append(Effect(codebase, kind, mark))

    def _prompt(self) -> str:
        return f"{self._word()}\n{self._random.choice(PROMPTS)}"

    def _word(self) -> str:
        self._words += 1
        return f"word-{self._words}"
