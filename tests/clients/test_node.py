"""npm's `eventsource` and `eventsource-parser`, the clients of the Node world."""

import asyncio
import base64
import json

import pytest
from tests.sse.events import CODEBASE, append
from tests.sse.serving import running

from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.ids import Sequence
from opencode_ledger.http.streams.sse import HEARTBEAT, PREAMBLE, frame

from .flaky import flaky_line
from .programs import output_of
from .story import (
    ALL_TARGET,
    BOTH,
    HEAD_CUTS,
    NAMES,
    TARGET,
    begun_twice,
    events_of_all,
    live,
    past,
    play,
    whole,
    whole_of_all,
)

pytestmark = pytest.mark.xdist_group("node")  # who comes first installs their packages, and nobody else meanwhile


async def test_eventsource_gets_everything_once_over_a_bad_line(node: str) -> None:
    """npm's EventSource reconnects by itself with the last id, misses nothing, and stops when the server says that it is over."""
    store, arrived = MemoryEventStore(), asyncio.Event()
    await append(store, *past())
    async with running(store) as serving, flaky_line(serving.port, list(HEAD_CUTS)) as line:
        arrived.set()
        playing = asyncio.create_task(play(store, arrived))
        url = f"http://127.0.0.1:{line.port}{TARGET}"
        report = json.loads(await output_of(node, "follow.mjs", url, "0", *NAMES))
        await playing
        assert [tuple(event) for event in report["events"]] == await whole(store)
        assert len(line.cursors) == len(HEAD_CUTS) + 2
        assert report["code"] == 204


async def test_eventsource_follows_all_codebases_over_a_bad_line(node: str) -> None:
    """npm's EventSource has every event of all codebases once and in the log's order, however often it is cut off."""
    store, arrived = await begun_twice(), asyncio.Event()
    async with running(store) as serving, flaky_line(serving.port, list(HEAD_CUTS)) as line:
        arrived.set()
        playing = asyncio.create_task(play(store, arrived, *BOTH))
        url = f"http://127.0.0.1:{line.port}{ALL_TARGET}"
        report = json.loads(await output_of(node, "follow.mjs", url, str(events_of_all()), *NAMES))
        await playing
        assert [tuple(event) for event in report["events"]] == await whole_of_all(store)
        assert len(line.cursors) == len(HEAD_CUTS) + 1


async def test_an_error_of_the_agent_is_no_error_of_the_connection(node: str) -> None:
    """An event named `error` arrives with its data, and the stream stays open and goes on."""
    store = MemoryEventStore()
    await append(store, *past(), *live())
    async with running(store) as serving:
        report = json.loads(await output_of(node, "follow.mjs", serving.url() + "?session_id=sess_a", "0", *NAMES))
        assert report["openAtError"] == [True]
        assert [event[1] for event in report["events"]].index("error") < len(report["events"]) - 1


async def test_eventsource_parser_understands_our_frames_however_they_are_cut(node: str) -> None:
    """npm's strict parser finds the same events in our bytes, a byte at a time too."""
    store = MemoryEventStore()
    await append(store, *past(), *live())
    events = await store.read_stream(CODEBASE, Sequence(0), 1000)
    body = PREAMBLE + HEARTBEAT.join([b"", *map(frame, events), b""])
    for step in (1, 7, len(body)):
        pieces = (body[at : at + step] for at in range(0, len(body), step))
        parsed = json.loads(await output_of(node, "parse.mjs", given=b"\n".join(map(base64.b64encode, pieces))))
        assert [tuple(event) for event in parsed] == await whole(store)
