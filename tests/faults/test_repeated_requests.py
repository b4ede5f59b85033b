"""The service is killed by kill -9 while requests with keys are under way: their repetitions do nothing twice."""

import asyncio
import json
import signal
from collections.abc import Mapping
from typing import cast

import aiohttp
import pytest
from tests.support.waiting import LIMIT

from .service import Codebase, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS = 4
"""Crashes, each at another moment after the requests were sent."""

Answered = tuple[int, bytes]


async def send(service: Service, path: str, body: Mapping[str, object], key: str) -> Answered:
    """A command with a key: the status and the bytes of its answer."""
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    url = f"{service.url}/v1/opencode{path}"
    async with (
        asyncio.timeout(LIMIT),
        aiohttp.ClientSession() as http,
        http.post(url, data=json.dumps(body), headers=headers) as response,
    ):
        return response.status, await response.read()


async def kill(service: Service) -> None:
    """End the service as a power cut would."""
    service.send_signal(signal.SIGKILL)
    await service.ended()


async def history(codebase: Codebase) -> list[tuple[str, bytes]]:
    """The codebase's whole history so far."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{codebase.service.url}/v1/opencode{codebase.path}/log?limit=500") as response,
    ):
        assert response.status == 200
        return [(event["type"], json.dumps(event).encode()) for event in (await response.json())["events"]]


async def test_a_key_has_its_answer_after_kill_9(running: Service) -> None:
    """A request that was answered before a kill -9 gets the same bytes after it, and nothing more is recorded."""
    codebase = await running.register()
    path, body = f"{codebase.path}/tasks", {"title": "Greet", "prompt": "say hello"}
    first = await send(running, path, body, "answered")
    assert first[0] == 200
    await codebase.until(lambda frame: frame.event == "complete")
    await kill(running)
    await running.start()
    before = await history(codebase)
    assert await send(running, path, body, "answered") == first
    assert (await send(running, path, {**body, "title": "Other"}, "answered"))[0] == 409
    assert await history(codebase) == before


async def test_a_kill_at_any_moment_leaves_one_effect_per_key(running: Service) -> None:
    """Whenever the kill -9 comes, each request is carried out once over its repetitions, and answered alike."""
    path = f"{(await running.register()).path}/tasks"
    for number in range(ROUNDS):
        bodies = {f"{number}-{n}": {"title": f"{number}-{n}", "prompt": "say hello"} for n in range(20)}
        going = {key: asyncio.create_task(send(running, path, body, key)) for key, body in bodies.items()}
        for _ in range(number):  # the moments differ by how many have been answered by then
            await asyncio.wait(going.values(), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(0)
        await kill(running)
        await asyncio.gather(*going.values(), return_exceptions=True)
        await running.start()
        again = {key: await send(running, path, body, key) for key, body in bodies.items()}
        before = {key: task.result() for key, task in going.items() if not task.exception()}
        assert {key: again[key] for key in before} == before
        listed = await running.ask("GET", f"{path}?limit=500")
        tasks = cast("Mapping[str, list[Mapping[str, str]]]", listed.content)["tasks"]
        titles = [task["title"] for task in tasks]
        assert {key: titles.count(key) for key in bodies} == dict.fromkeys(bodies, 1)
