"""httpx-sse, the Python client: it doesn't reconnect by itself, so the test does, as its manual says."""

import asyncio

import httpx
from httpx_sse import aconnect_sse
from tests.sse.events import append
from tests.sse.serving import running

from opencode_ledger.actors.store.in_memory import MemoryEventStore

from .flaky import flaky_line
from .story import ALL_TARGET, BOTH, HEAD_CUTS, TARGET, begun_twice, events_of_all, past, play, whole, whole_of_all

Got = list[tuple[str, str, str]]


async def follow(url: str, arrived: asyncio.Event, until: int = 0) -> Got:
    """What came until the server said that it is over, or until this number of events came."""
    got: Got = []
    status, last = 0, ""
    async with httpx.AsyncClient() as client:
        while status != 204 and (not until or len(got) < until):
            headers = {"Last-Event-ID": last} if last else {}
            try:
                async with aconnect_sse(client, "GET", url, headers=headers) as source:
                    status = source.response.status_code
                    events = source.aiter_sse()
                    while status == 200 and (event := await anext(events, None)):
                        got.append((event.id, event.event, event.data))
                        last = event.id
                        arrived.set()
                        if len(got) == until:
                            break
            except httpx.TransportError:
                continue
    return got


async def test_httpx_sse_gets_everything_once_over_a_bad_line() -> None:
    """A Python client that comes back with the last id gets each event once and in order, however often it is cut off."""
    store, arrived = MemoryEventStore(), asyncio.Event()
    await append(store, *past())
    async with running(store) as serving, flaky_line(serving.port, list(HEAD_CUTS)) as line:
        playing = asyncio.create_task(play(store, arrived))
        got = await follow(f"http://127.0.0.1:{line.port}{TARGET}", arrived)
        await playing
        assert got == await whole(store)
        assert len(line.cursors) == len(HEAD_CUTS) + 2


async def test_httpx_sse_follows_all_codebases_over_a_bad_line() -> None:
    """So it does in the stream of all codebases, in the log's order."""
    store, arrived = await begun_twice(), asyncio.Event()
    async with running(store) as serving, flaky_line(serving.port, list(HEAD_CUTS)) as line:
        playing = asyncio.create_task(play(store, arrived, *BOTH))
        got = await follow(f"http://127.0.0.1:{line.port}{ALL_TARGET}", arrived, events_of_all())
        await playing
        assert got == await whole_of_all(store)
        assert len(line.cursors) == len(HEAD_CUTS) + 1
