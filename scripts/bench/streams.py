"""Live events per second and their delay: the streams against bare writes of the same bytes.

    python scripts/bench/streams.py [--subscribers 1 100 1000] [--runs 3] [--seconds 2] [--check]

Commits of ten events of 240 bytes go to all subscribers, who are another process on this machine:

- the streams: a log in memory, its fan-out, aiohttp's connections, HTTP chunks;
- bare writes: one buffer, made beforehand, written to each of as many asyncio transports.

First as fast as the subscribers take it (events delivered per second, over all of them), then at a pace of 20,000
deliveries a second at most (delay from the append to the subscriber's read, of the oldest event in each read).
Each ratio is the median of the runs' own. `--check` fails where the streams reach less than half of the bare writes, which
keep no log.
"""

import argparse
import asyncio
import json
import select
import socket
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Protocol

from aiohttp import web
from rich.console import Console
from rich.table import Table

from opencode_ledger.actors.clock import SystemClock
from opencode_ledger.actors.store.in_memory import MemoryEventStore
from opencode_ledger.domain.events.recorded import NewEvent, RecordedEvent
from opencode_ledger.domain.ids import CodebaseId, Position, Sequence, SessionId
from opencode_ledger.http.streams.shared_frames import as_chunk
from opencode_ledger.http.streams.sse import frames
from opencode_ledger.http.streams.stream import EventStreams
from opencode_ledger.projections.views.session_queries import Span

TARGET = 0.5
EVENTS_PER_COMMIT = 10
PACE = 20_000
CODEBASE = CodebaseId("cb_bench")
BACKLOG = 64 * 1024
"""Bytes that may wait per subscriber before the writer gives way; below what makes anyone fall behind."""


@dataclass
class Figures:
    """What one way of sending reached: deliveries per second, and delays in seconds."""

    rate: float
    p50: float
    p99: float


class Sender(Protocol):
    """Something that sends commits to everyone connected."""

    port: int

    @property
    def connected(self) -> int:
        """How many subscribers are there."""
        ...

    @property
    def waiting(self) -> int:
        """Bytes that have not left this process."""
        ...

    async def send(self, events: list[NewEvent]) -> None:
        """Send one commit."""
        ...


class NoSessions:
    """A codebase without sessions."""

    async def span(self, codebase: CodebaseId, session: SessionId) -> Span | None:
        """None."""

    async def current(self, codebase: CodebaseId) -> Span | None:
        """None."""


class Streams:
    """The streams of the service, over a log in memory."""

    def __init__(self) -> None:
        self._store = MemoryEventStore()
        self._streams = EventStreams(self._store, NoSessions(), SystemClock())
        self._sent = Sequence(0)
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncGenerator["Streams"]:
        """Serve for the length of a block."""
        self, app = cls(), web.Application()
        app.router.add_get("/", self._answer)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=4096)
        await site.start()
        self.port = int(runner.addresses[0][1])
        try:
            yield self
        finally:
            await self._streams.close()
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        return await self._streams.codebase_events(request, CODEBASE)

    @property
    def connected(self) -> int:
        """See `Sender`."""
        return self._streams.open

    @property
    def waiting(self) -> int:
        """See `Sender`."""
        return self._streams.waiting

    async def send(self, events: list[NewEvent]) -> None:
        """See `Sender`."""
        self._sent = (await self._store.append(CODEBASE, self._sent, events))[-1].sequence


class BareWrites:
    """As little as can be: the same bytes, written to each transport."""

    def __init__(self) -> None:
        self.transports: set[asyncio.Transport] = set()
        self._sent = 0
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncGenerator["BareWrites"]:
        """Serve for the length of a block."""
        self = cls()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: BareConnection(self.transports), "127.0.0.1", 0, backlog=4096)
        self.port = int(server.sockets[0].getsockname()[1])
        try:
            yield self
        finally:
            server.close()

    @property
    def connected(self) -> int:
        """See `Sender`."""
        return len(self.transports)

    @property
    def waiting(self) -> int:
        """See `Sender`."""
        return sum(transport.get_write_buffer_size() for transport in self.transports)

    async def send(self, events: list[NewEvent]) -> None:
        """See `Sender`."""
        recorded = [
            RecordedEvent(Position(n), CODEBASE, Sequence(n), event.topic, event.data)
            for n, event in enumerate(events, self._sent + 1)
        ]
        self._sent += len(events)
        chunk = as_chunk(frames(recorded))
        for transport in self.transports:
            transport.write(chunk)
        await asyncio.sleep(0)


class BareConnection(asyncio.Protocol):
    """One of them: it is in the set as long as it is open."""

    def __init__(self, transports: set[asyncio.Transport]) -> None:
        self._transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._transports.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Somebody left."""
        self._transports.discard(self._transport)


def commit(topic: str = "output") -> list[NewEvent]:
    """Ten events that say when they were made."""
    data = b'{"at":%.9f,"text":"' % time.monotonic()
    return [NewEvent(topic, data + b"x" * (238 - len(data)) + b'"}')] * EVENTS_PER_COMMIT


async def measured(sender: Sender, subscribers: int, seconds: float) -> Figures:
    """One run: a burst, then a paced part, each with subscribers of its own."""
    rate, _ = await _part(sender, subscribers, lambda: _burst(sender, subscribers, seconds))
    _, delays = await _part(sender, subscribers, lambda: _paced(sender, subscribers, seconds))
    cuts = quantiles(delays, n=100)
    return Figures(rate, cuts[49], cuts[98])


async def _part(sender: Sender, count: int, write: Callable[[], Awaitable[int]]) -> tuple[float, list[float]]:
    reading = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--read", str(sender.port), str(count), stdout=asyncio.subprocess.PIPE
    )
    await _until(lambda: sender.connected == count)
    await asyncio.sleep(0.2)
    started = time.monotonic()
    commits = await write() + 1
    await sender.send(commit("complete"))
    printed, _ = await reading.communicate()
    found = json.loads(printed)
    await _until(lambda: not sender.connected)
    return commits * EVENTS_PER_COMMIT * count / (found["ended"] - started), found["delays"]


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - buffers and connections announce nothing
        await asyncio.sleep(0.0005)


async def _burst(sender: Sender, subscribers: int, seconds: float) -> int:
    end, commits = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        await sender.send(commit())
        commits += 1
        # Looking at a thousand buffers takes time itself: now and then is enough.
        if not commits % 8:
            await _until(lambda: sender.waiting <= BACKLOG * subscribers)
    return commits


async def _paced(sender: Sender, subscribers: int, seconds: float) -> int:
    pause = max(EVENTS_PER_COMMIT * subscribers / PACE, 0.005)
    commits = int(seconds / pause)
    for _ in range(commits):
        await sender.send(commit())
        await asyncio.sleep(pause)
    return commits


def read(port: int, count: int) -> None:
    """The other process: connect, read to the end, and print the delays and the time of the end."""
    poll, sockets = select.epoll(), dict[int, socket.socket]()
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.setblocking(False)
        sockets[connection.fileno()] = connection
        poll.register(connection, select.EPOLLIN)
    delays: list[float] = []
    while sockets:
        for number, _ in poll.poll():
            data = sockets[number].recv(262144)
            if (at := data.find(b'{"at":')) >= 0 and (end := data.find(b",", at)) > 0:
                delays.append(time.monotonic() - float(data[at + 6 : end]))
            if not data or data.rfind(b"event: complete", -8192) >= 0:
                poll.unregister(number)
                sockets.pop(number).close()
    print(json.dumps({"ended": time.monotonic(), "delays": delays}))


async def compare(subscribers: int, runs: int, seconds: float) -> tuple[list[Figures], list[Figures]]:
    """Both ways in turn, as often as there are runs."""
    ours: list[Figures] = []
    bare: list[Figures] = []
    for _ in range(runs):
        async with Streams.running() as streams:
            ours.append(await measured(streams, subscribers, seconds))
        async with BareWrites.running() as writes:
            bare.append(await measured(writes, subscribers, seconds))
    return ours, bare


def main() -> int:
    """Measure, print, and say whether it is enough."""
    options = _options()
    if options.read:
        read(*options.read)
        return 0
    table = Table("readers", "events/s", "bare", "ratio", "p50 ms", "p99 ms", "bare p50", "bare p99")
    worst = 1.0
    for count in options.subscribers:
        ours, bare = asyncio.run(compare(count, options.runs, options.seconds))
        ratio = median(o.rate / b.rate for o, b in zip(ours, bare, strict=True))
        worst = min(worst, ratio)
        delays = [median(pick) * 1000 for f in (ours, bare) for pick in ([x.p50 for x in f], [x.p99 for x in f])]
        rates = [f"{median(x.rate for x in f):,.0f}" for f in (ours, bare)]
        table.add_row(str(count), *rates, f"{ratio:.2f}", *(f"{delay:.2f}" for delay in delays))
    Console().print(table)
    return int(options.check and worst < TARGET)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--read", type=int, nargs=2, metavar=("PORT", "COUNT"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
