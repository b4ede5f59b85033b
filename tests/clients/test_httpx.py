"""httpx-sse, the Python client: it doesn't reconnect by itself, so the test does, as its manual says."""

import asyncio

import httpx
from httpx_sse import aconnect_sse
from tests.sse.events import append
from tests.sse.serving import running

from opencode_ledger.actors.store.memory import MemoryEventStore

from .flaky import flaky_line
from .story import HEAD_CUTS, TARGET, past, tell, whole


async def test_httpx_sse_gets_everything_once_over_a_bad_line() -> None:
    """A Python client that comes back with the last id gets each event once and in order, however often it is cut off."""
    store, arrived = MemoryEventStore(), asyncio.Event()
    await append(store, *past())
    got: list[tuple[str, str, str]] = []
    async with (
        running(store) as serving,
        flaky_line(serving.port, list(HEAD_CUTS)) as line,
        httpx.AsyncClient() as client,
    ):
        telling = asyncio.create_task(tell(store, arrived))
        status, last = 0, ""
        while status != 204:
            headers = {"Last-Event-ID": last} if last else {}
            try:
                async with aconnect_sse(
                    client, "GET", f"http://127.0.0.1:{line.port}{TARGET}", headers=headers
                ) as source:
                    status = source.response.status_code
                    if status == 200:
                        async for event in source.aiter_sse():
                            got.append((event.id, event.event, event.data))
                            last = event.id
                            arrived.set()
            except httpx.TransportError:
                continue
        await telling
        assert got == await whole(store)
        assert len(line.cursors) == len(HEAD_CUTS) + 2
