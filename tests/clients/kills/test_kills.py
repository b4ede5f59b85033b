"""All clients follow one run while its server is killed twenty times: each gets what the log holds, and each event once."""

import asyncio
import json
import random
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from tests.support.process import environment

from opencode_ledger.actors.store.log_file import opened
from opencode_ledger.client import CursorFile, Ledger, sync
from opencode_ledger.domain.events.recorded import RecordedEvent
from opencode_ledger.domain.ids import CodebaseId

from ..programs import HERE, node_with_packages
from .serving import LAST

pytestmark = pytest.mark.xdist_group("node")

KILLS: Final = 20
ROOT: Final = HERE.parents[1]
LIMIT: Final = 100.0
Got = list[tuple[int, str]]


class Killed:
    """A server that is started and killed by a process that forks it."""

    def __init__(self, process: Process, port: int) -> None:
        self._process, self.url = process, f"http://127.0.0.1:{port}"

    async def start(self) -> None:
        """Start it and wait until it serves."""
        await self._ask(b"start\n", b"ready\n")

    async def kill(self) -> None:
        """`kill -9`."""
        await self._ask(b"kill\n", b"killed\n")

    async def _ask(self, command: bytes, answer: bytes) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command)
        async with asyncio.timeout(LIMIT):
            assert await self._process.stdout.readline() == answer


@asynccontextmanager
async def server(data: Path) -> AsyncGenerator[Killed]:
    """A server that doesn't run yet."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = (sys.executable, "-m", "tests.clients.kills.serving", str(data), str(port))
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment(), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    try:
        yield Killed(process, port)
    finally:
        await process.communicate(b"")  # the end of its input ends it


@dataclass
class Follower:
    """What a client got of the codebase, and of the session alone."""

    whole: Got = field(default_factory=list[tuple[int, str]])
    session: Got = field(default_factory=list[tuple[int, str]])
    losses: int = 0

    def on_trouble(self, reason: Exception | None) -> None:
        self.losses += reason is not None


async def with_a_loop(ledger: Ledger, codebase: str, session: str, cursor: Path, got: Follower) -> None:
    """Follow both streams on this loop; the whole one by a cursor that is begun again at each loss."""

    async def whole() -> None:
        stream = ledger.codebase(codebase).events(CursorFile(cursor), on_trouble=got.on_trouble)
        async with stream:
            async for event in stream:
                got.whole.append((event.id, event.raw))
                if event.event == "complete":
                    break

    async def alone() -> None:
        async for event in ledger.codebase(codebase).events(session=session):
            got.session.append((event.id, event.raw))

    await asyncio.gather(whole(), alone())


def without_a_loop(ledger: sync.Ledger, codebase: str, session: str, got: Follower) -> None:
    """Follow the codebase in this thread, then the session, which has ended by then."""
    with ledger.codebase(codebase).events(0, on_trouble=got.on_trouble) as events:
        for event in events:
            got.whole.append((event.id, event.raw))
            if event.event == "complete":
                break
    got.session = [(event.id, event.raw) for event in ledger.codebase(codebase).events(session=session)]


async def in_node(url: str, codebase: str, session: str, got: Follower) -> list[int]:
    """Follow both streams in Node; what its cursor was given."""
    command = (await node_with_packages(), str(HERE / "kills/follow.mjs"), str(ROOT / "client/javascript/ledger.js"))
    process = await asyncio.create_subprocess_exec(*command, url, codebase, session, stdout=PIPE)
    try:
        printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = json.loads(printed)
    got.whole, got.session = ([(one[0], one[1]) for one in said[name]] for name in ("whole", "session"))
    got.losses = said["losses"]
    taken: list[int] = said["taken"]
    return taken


def log_of(file: Path, codebase: CodebaseId) -> list[RecordedEvent]:
    """All events of the codebase, as they are on the disk."""
    with opened(file) as log:
        return list(log.of(codebase))


async def kill_often(service: Killed, ledger: Ledger, codebase: str, got: Follower) -> None:
    """Kill the server at twenty moments of the run, each time with a message on its way; then let the run end."""
    moments = random.Random(0)
    for number in range(KILLS):
        wanted = len(got.whole) + moments.randrange(2, 14)
        while len(got.whole) < wanted:
            await asyncio.sleep(0.001)
        message = asyncio.create_task(ledger.codebase(codebase).message(f"Life {number}"))
        await asyncio.sleep(moments.choice((0, 0.001, 0.004, 0.02)))
        await service.kill()
        await service.start()
        await message
        # It may have been recorded before the kill, which interrupted the session.
        await ledger.codebase(codebase).message(f"Go on {number}")
    await ledger.codebase(codebase).message(LAST)


async def test_twenty_kills_of_the_server_cost_no_client_an_event(tmp_path: Path) -> None:
    """The ids and bytes that each client got are those of the log: no hole, nothing twice, every message sent once."""
    data, home, cursor = tmp_path / "data", tmp_path / "home", tmp_path / "cursor"
    home.mkdir()
    followers = [Follower() for _ in range(3)]
    async with (
        asyncio.timeout(LIMIT),
        server(data) as service,
        Ledger(service.url, patience=LIMIT) as ledger,
        AsyncExitStack() as ending,
    ):
        blocking = ending.enter_context(sync.Ledger(service.url))  # closed, it also ends a thread that waits
        await service.start()
        codebase = (await ledger.register(str(home), "shop")).name_or_id
        cursor.write_text(json.dumps({"after": 0, "stream": f"/v1/opencode/codebases/{codebase}/events"}))
        session = (await ledger.codebase(codebase).trigger("Begin"))["session_id"]
        async with asyncio.TaskGroup() as group:
            node = group.create_task(in_node(service.url, codebase, session, followers[1]))
            group.create_task(with_a_loop(ledger, codebase, session, cursor, followers[0]))
            group.create_task(kill_often(service, ledger, codebase, followers[0]))
            await asyncio.to_thread(without_a_loop, blocking, codebase, session, followers[2])
        await service.kill()
    events = await asyncio.to_thread(log_of, data / "ledger.db", CodebaseId(codebase))
    last = next(event.sequence for event in events if event.topic == "complete")
    recorded = [(event.sequence, event.data.decode()) for event in events if event.sequence <= last]
    assert [number for number, _ in recorded] == list(range(1, last + 1))
    of_session = [(number, raw) for number, raw in recorded if json.loads(raw).get("session_id") == session]
    for got in followers:
        assert got.whole == recorded
        assert got.session[: len(of_session)] == of_session
        assert got.losses > 2  # one that still waits before it returns may miss whole lives
    assert followers[0].losses >= KILLS
    assert node.result() == list(range(1, last))
    assert json.loads(cursor.read_text())["after"] == last
    said = [json.loads(event.data)["content"] for event in events if event.topic == "message_sent"]
    sent = [f"{words} {number}" for number in range(KILLS) for words in ("Life", "Go on")]
    assert said == ["Begin", *sent, LAST]
