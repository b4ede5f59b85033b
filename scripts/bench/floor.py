"""The least that a service in our place would have to do, as what its figures are compared with.

    python -m scripts.bench.floor FOLDER AGENTS

Bare aiohttp handlers in a process of its own: `POST /append` writes one row that is on the disk before the answer;
`GET /same` answers with
the bytes that `POST /same` was given; `POST /trigger/N` gives the Nth stand-in a prompt, and `GET /events/N` passes its events on as they come, unread.
"""

import argparse
import asyncio
import os
import signal
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import aiohttp
from aiohttp import web

from .running import NO_LIMIT, STAND_IN


class Floor:
    """The handlers, and what they need."""

    def __init__(self, folder: Path, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._agents: list[asyncio.subprocess.Process] = []
        self._urls: list[str] = []
        self._same = b""
        self._log = sqlite3.connect(folder / "floor.db", isolation_level=None, check_same_thread=False)
        self._log.execute("PRAGMA journal_mode = WAL")
        self._log.execute("PRAGMA synchronous = FULL")
        self._log.execute("CREATE TABLE events (position INTEGER PRIMARY KEY, data BLOB)")

    async def start_agent(self, folder: Path) -> None:
        """Start a stand-in."""
        process = await asyncio.create_subprocess_exec(
            *(STAND_IN, "serve", "--port=0"),
            cwd=folder,
            env={**os.environ, "OPENCODE_SERVER_PASSWORD": "floor"},
            stdout=asyncio.subprocess.PIPE,
        )
        self._agents.append(process)
        assert process.stdout is not None
        self._urls.append((await process.stdout.readline()).decode().split()[-1])

    def close(self) -> None:
        """End the stand-ins."""
        for process in self._agents:
            process.kill()

    async def append(self, request: web.Request) -> web.Response:
        """One durable row."""
        body = await request.read()
        await asyncio.to_thread(self._log.execute, "INSERT INTO events (data) VALUES (?)", (body,))
        return web.json_response({"success": True})

    async def keep(self, request: web.Request) -> web.Response:
        """What to answer with."""
        self._same = await request.read()
        return web.json_response({"success": True})

    async def same(self, request: web.Request) -> web.Response:
        """What was kept."""
        return web.Response(body=self._same, content_type="application/json")

    async def trigger(self, request: web.Request) -> web.Response:
        """Pass a prompt on."""
        url = self._url(request)
        async with self._http.post(f"{url}/session", json={"title": "floor"}) as response:
            session = cast("Mapping[str, str]", await response.json())["id"]
        prompt = {"messageID": "msg_1", "parts": [{"type": "text", "text": await request.text()}]}
        async with self._http.post(f"{url}/session/{session}/prompt_async", json=prompt) as response:
            response.raise_for_status()
        return web.json_response({"success": True})

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Pass events on."""
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        async with self._http.get(f"{self._url(request)}/event", timeout=NO_LIMIT) as response:
            async for chunk in response.content.iter_any():
                await stream.write(chunk)
        return stream

    def _url(self, request: web.Request) -> str:
        return self._urls[int(request.match_info["agent"])]


async def main(folder: Path, agents: int) -> None:
    """Serve until SIGTERM, and end the stand-ins then."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with aiohttp.ClientSession(auth=aiohttp.BasicAuth("opencode", "floor")) as http:
        floor = Floor(folder, http)
        try:
            for _ in range(agents):
                await floor.start_agent(folder)
            await _serve(floor, ended)
        finally:
            floor.close()


async def _serve(floor: Floor, ended: asyncio.Event) -> None:
    app = web.Application()
    app.add_routes([web.post("/append", floor.append), web.post("/trigger/{agent}", floor.trigger)])
    app.add_routes([web.get("/events/{agent}", floor.events)])
    app.add_routes([web.get("/same", floor.same), web.post("/same", floor.keep)])
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = cast("tuple[str, int]", runner.addresses[0])[:2]
    print(f"floor listening on http://{host}:{port}", flush=True)
    await ended.wait()
    await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("agents", type=int)
    options = parser.parse_args()
    asyncio.run(main(options.folder, options.agents))
