"""Chromium's own EventSource, the reference for all others."""

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from tests.clients.flaky import flaky_line
from tests.clients.story import (
    ALL_TARGET,
    BOTH,
    CUTS,
    NAMES,
    SESSION,
    TARGET,
    begun_twice,
    events_of_all,
    past,
    play,
    whole,
    whole_of_all,
)
from tests.sse.events import append
from tests.sse.serving import running

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.ids import CodebaseId

PAGE = Path(__file__).with_name("follow.html").read_text()
LIMIT = 60.0
"""Seconds that the browser may take."""

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """The browser's program; without one the test is skipped."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return program or pytest.skip("chromium isn't installed")


@asynccontextmanager
async def browsing(url: str, profile: Path, *flags: str) -> AsyncGenerator[None]:
    """A browser with this page open, for the length of a block; nothing of it is left."""
    process = await asyncio.create_subprocess_exec(
        chromium(),
        *FLAGS,
        *flags,
        f"--user-data-dir={profile}",
        "--remote-debugging-port=0",
        url,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def reported(
    store: MemoryEventStore, cuts: list[int], target: str, profile: Path, *codebases: CodebaseId, until: int = 0
) -> dict[str, Any]:
    """What a page in the browser says that it got over a line with these cuts; the cursors it sent are added.

    `codebases`: for which the story goes on, if not for the default one. `until`: the events to wait for, of a stream
    that has no end.
    """
    report: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    arrived = asyncio.Event()

    async def page(_: web.Request) -> web.Response:
        arrived.set()
        return web.Response(text=PAGE, content_type="text/html")

    async def take(request: web.Request) -> web.Response:
        report.set_result(json.loads(await request.text()))
        return web.Response()

    more = [web.get("/page", page), web.post("/report", take)]
    async with running(store, more=more) as serving, flaky_line(serving.port, list(cuts)) as line:
        playing = asyncio.create_task(play(store, arrived, *codebases))
        query = quote(json.dumps({"target": target, "until": until, "names": NAMES}))
        async with browsing(f"http://127.0.0.1:{line.port}/page?{query}", profile), asyncio.timeout(LIMIT):
            found = await report
        await playing
        return {**found, "cursors": line.cursors}


async def test_chromium_gets_everything_once_over_a_bad_line(tmp_path: Path) -> None:
    """A browser that is cut off again and again has every event once and in order, and stops when it is over."""
    store = MemoryEventStore()
    await append(store, *past())
    report = await reported(store, CUTS, TARGET, tmp_path)
    assert [tuple(event) for event in report["events"]] == await whole(store)
    assert len(report["cursors"]) == len(CUTS) + 2
    assert report["cursors"][-1] == report["events"][-1][0]


async def test_chromium_follows_all_codebases_over_a_bad_line(tmp_path: Path) -> None:
    """A browser has every event of all codebases once and in the log's order, however often it is cut off."""
    store = await begun_twice()
    report = await reported(store, CUTS, ALL_TARGET, tmp_path, *BOTH, until=events_of_all())
    assert [tuple(event) for event in report["events"]] == await whole_of_all(store)
    assert len(report["cursors"]) == len(CUTS) + 1


async def test_an_error_of_the_agent_reaches_the_page_and_the_stream_goes_on(tmp_path: Path) -> None:
    """An event named `error` is a MessageEvent with data, in handlers and listeners alike, and the stream stays open."""
    store = MemoryEventStore()
    await append(store, *past())
    report = await reported(store, [], TARGET, tmp_path)
    assert report["openAtError"] == [True]
    assert report["onerror"] == 1
    assert report["events"][-1][1] == "complete"


async def test_a_browser_can_begin_after_an_event_that_it_knows(tmp_path: Path) -> None:
    """A page's first request gives its cursor in the address; when it reconnects, its own last id counts."""
    store = MemoryEventStore()
    await append(store, *past())
    report = await reported(store, CUTS[:1], f"/cb_a/events?session_id={SESSION}&last_event_id=9", tmp_path)
    assert [tuple(event) for event in report["events"]] == (await whole(store))[9:]
