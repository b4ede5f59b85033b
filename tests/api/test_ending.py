"""The end of the server: SIGTERM, SIGINT and a second one, with agents at work and subscribers connected."""

import asyncio
import signal
import time
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.process import ROOT, SERVE, end_of, serving
from tests.support.waiting import BUSY

from opencode_ledger.http.server import SAME_SIGNAL

STAND_IN = str(ROOT / "tests/support/stand_in_server.py")


class Client:
    """A client of a server in another process, with a codebase whose agent talks to two subscribers."""

    def __init__(self, session: aiohttp.ClientSession, process: Process) -> None:
        self.session, self.process = session, process
        self.streams: list[asyncio.Task[bytes]] = []

    async def post(self, path: str, body: object = None) -> Any:
        async with self.session.post(f"/v1/opencode{path}", json=body) as response:
            assert response.status == 200
            return await response.json()

    async def get(self, path: str) -> Any:
        async with self.session.get(f"/v1/opencode{path}") as response:
            return await response.json()

    async def set_to_work(self, directory: Path) -> str:
        directory.mkdir()
        codebase: str = (await self.post("/codebases", {"name": "x", "path": str(directory)}))["codebase"]["id"]
        await self.post(f"/codebases/{codebase}/trigger", {"prompt": "Talk"})
        responses = [await self.session.get(f"/v1/opencode/codebases/{codebase}/events") for _ in range(2)]
        for response in responses:
            while (await response.content.readline()) != b"event: output\n":
                pass
            self.streams.append(asyncio.create_task(response.read()))
        return codebase


@asynccontextmanager
async def stand_in(data: Path, stop_delay: float = 0) -> AsyncGenerator[Client]:
    async with (
        serving(STAND_IN, str(data), str(stop_delay)) as (process, port),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        yield Client(session, process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_service(tmp_path: Path, number: signal.Signals) -> None:
    """After a signal it records the interruption, shows it to subscribers and exits with 0. The session can resume later."""
    async with stand_in(tmp_path / "data") as client:
        codebase = await client.set_to_work(tmp_path / "code")
        begun = time.monotonic()
        client.process.send_signal(number)
        ended = await end_of(client.process)
        assert ended.code == 0, ended
        assert time.monotonic() - begun < 10 + BUSY
        for stream in await asyncio.gather(*client.streams):
            assert b'"status":"interrupted"' in stream
            assert stream.endswith(b"\n\n")
        assert "Traceback" not in ended.errors
        assert ended.output == ""
    async with stand_in(tmp_path / "data") as client:
        assert (await client.get(f"/codebases/{codebase}/status"))["status"] == "interrupted"
        await client.post(f"/codebases/{codebase}/message", {"message": "Go on"})


async def test_agents_that_do_not_end(tmp_path: Path) -> None:
    """Agents that don't end delay the shutdown by less than 10 s. At the next start their sessions are interrupted."""
    async with stand_in(tmp_path / "data", stop_delay=3600) as client:
        codebase = await client.set_to_work(tmp_path / "code")
        begun = time.monotonic()
        client.process.send_signal(signal.SIGTERM)
        ended = await end_of(client.process)
        assert (ended.code, "Traceback" in ended.errors) == (0, False), ended
        assert time.monotonic() - begun < 10 + BUSY
        await asyncio.gather(*client.streams)
    async with stand_in(tmp_path / "data") as client:
        assert (await client.get(f"/codebases/{codebase}/status"))["status"] == "interrupted"


async def test_a_second_signal(tmp_path: Path) -> None:
    """After a second signal it ends at once, and nothing that was recorded is lost."""
    async with stand_in(tmp_path / "data", stop_delay=3600) as client:
        codebase = await client.set_to_work(tmp_path / "code")
        client.process.send_signal(signal.SIGTERM)
        assert client.process.stderr is not None
        assert b"shutting down" in await client.process.stderr.readline()
        begun = time.monotonic()
        await asyncio.sleep(2 * SAME_SIGNAL)  # the first one may be noticed late
        client.process.send_signal(signal.SIGINT)
        ended = await end_of(client.process)
        assert (ended.code, "Traceback" in ended.errors) == (1, False), ended
        assert time.monotonic() - begun < 3 + BUSY
        await asyncio.gather(*client.streams, return_exceptions=True)
    async with stand_in(tmp_path / "data") as client:
        assert (await client.get(f"/codebases/{codebase}/status"))["status"] == "interrupted"


async def test_two_signals_at_once(tmp_path: Path) -> None:
    """Signals that come together are one, as from a program that signals a process and then its whole group."""
    async with stand_in(tmp_path / "data") as client:
        codebase = await client.set_to_work(tmp_path / "code")
        for _ in range(3):
            client.process.send_signal(signal.SIGTERM)
        assert (await end_of(client.process)).code == 0
        await asyncio.gather(*client.streams, return_exceptions=True)
    async with stand_in(tmp_path / "data") as client:
        assert (await client.get(f"/codebases/{codebase}/status"))["status"] == "interrupted"


async def test_new_commands_while_ending(tmp_path: Path) -> None:
    """While it ends it takes no new commands: 503, or no connection."""
    async with stand_in(tmp_path / "data", stop_delay=3600) as client:
        await client.set_to_work(tmp_path / "code")
        (tmp_path / "other").mkdir()
        client.process.send_signal(signal.SIGTERM)
        assert client.process.stderr is not None
        assert b"shutting down" in await client.process.stderr.readline()
        body = {"name": "late", "path": str(tmp_path / "other")}
        async with client.session.post("/v1/opencode/codebases", json=body) as response:
            assert (response.status, (await response.json())["code"]) == (503, "shutting_down")
        client.process.send_signal(signal.SIGTERM)
        await end_of(client.process)
        await asyncio.gather(*client.streams, return_exceptions=True)


async def test_an_idle_server(tmp_path: Path) -> None:
    """An idle server writes its one line on standard output and ends within a moment."""
    async with serving(*SERVE, "--port", "0", "--data", str(tmp_path)) as (process, _):
        begun = time.monotonic()
        process.terminate()
        ended = await end_of(process)
        assert (ended.code, ended.output) == (0, "")
        assert time.monotonic() - begun < 3 + BUSY
