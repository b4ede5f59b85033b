"""A server whose disk is full: nothing is acknowledged that isn't recorded, it can be looked at, and it goes on by itself."""

import asyncio
import json
import resource
import sqlite3
from asyncio.subprocess import Process
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
from tests.support.described import assert_described
from tests.support.process import ROOT, end_of, serving

from opencode_ledger.http.offline.verify import verify_data

STAND_IN = str(ROOT / "tests/support/stand_in_server.py")
LIMIT = 60.0
REGISTERED = "SELECT state FROM stored_events WHERE topic = 'codebase'"


class Client:
    """A client of the server."""

    def __init__(self, session: aiohttp.ClientSession, home: Path) -> None:
        self._session, self._home = session, home

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """The status and the body of an answer."""
        async with asyncio.timeout(LIMIT), self._session.request(method, path, json=body) as response:
            body = await response.json()
            assert_described(method, path, response.status, body)
            return response.status, body

    async def register(self, name: str) -> tuple[int, Any]:
        """The answer to a registration."""
        directory = self._home / name
        directory.mkdir()
        return await self.ask("POST", "/v1/opencode/codebases", {"name": name, "path": str(directory)})

    async def names(self) -> set[str]:
        """The codebases that are listed."""
        status, codebases = await self.ask("GET", "/v1/opencode/codebases")
        assert status == 200, codebases
        return {codebase["name"] for codebase in codebases}

    async def becomes(self, method: str, path: str, wanted: Any, body: object = None) -> None:
        """Ask until the answer's status, or its body's, is what it should be."""
        async with asyncio.timeout(LIMIT):
            while wanted not in ((answer := await self.ask(method, path, body))[0], answer[1].get("status")):
                await asyncio.sleep(0.02)


Fill = Callable[[Process, Path], None]


def nothing_left(_: Process, home: Path) -> None:
    """No block is free any more."""
    (home / "full").touch()


def no_larger_files(process: Process, home: Path) -> None:
    """No file gets larger than the log's is, so that views and tree can't be written either, sooner or later."""
    size = (home / "data/ledger.db-wal").stat().st_size
    psutil.Process(process.pid).rlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def make_room(process: Process, home: Path) -> None:
    """Room again."""
    (home / "full").unlink(missing_ok=True)
    psutil.Process(process.pid).rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.mark.parametrize("fill", [nothing_left, pytest.param(no_larger_files, marks=pytest.mark.long)])
async def test_a_full_disk(tmp_path: Path, fill: Fill) -> None:
    """Commands get 503, `/readyz` says why, GETs are served; with room again all goes on, and nothing acknowledged is lost."""
    serve = (STAND_IN, str(tmp_path / "data"), "0", str(tmp_path / "full"))
    async with serving(*serve) as (process, port), aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        client = Client(session, tmp_path)
        acknowledged = {"talker"}
        _, answer = await client.register("talker")
        talker = f"/v1/opencode/codebases/{answer['codebase']['id']}"
        assert (await client.ask("POST", f"{talker}/trigger", {"prompt": "Talk"}))[0] == 200
        fill(process, tmp_path)
        status = 200
        while status == 200:
            name = f"filling_{len(acknowledged)}"
            status, answer = await client.register(name)
            acknowledged |= {name} if status == 200 else set()
        assert (status, answer["code"]) == (503, "store_unavailable")
        status, answer = await client.ask("GET", "/readyz")
        assert (status, answer["status"]) == (503, "degraded")
        assert "can't be written" in answer["log"]
        assert (await client.ask("GET", "/healthz"))[0] == 200
        if fill is nothing_left:
            assert answer["views"] == "ok"
            assert await client.names() == acknowledged
        refused, answer = await client.ask("POST", f"{talker}/stop", {})
        assert (refused, answer["code"]) in ((503, "store_unavailable"), (503, "views_behind"))
        make_room(process, tmp_path)
        await client.becomes("GET", f"{talker}/status", "interrupted" if answer["code"] == "store_unavailable" else 200)
        assert (await client.register("after"))[0] == 200
        assert (await client.ask("GET", "/readyz"))[0] == 200
        assert await client.names() == acknowledged | {"after"}
        process.terminate()
        ended = await end_of(process)
    assert ended.code == 0, ended.errors
    assert await asyncio.to_thread(recorded, tmp_path / "data") == sorted(acknowledged | {"after"})


def recorded(data: Path) -> list[str]:
    """The codebases that a sound log has."""
    assert verify_data(data, (), None, lambda _done, _of: None).sound
    with closing(sqlite3.connect(data / "ledger.db")) as log:
        return sorted(json.loads(event)["name"] for (event,) in log.execute(REGISTERED))
