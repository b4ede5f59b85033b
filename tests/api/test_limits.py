"""The limits of the service: a client beyond them gets a clear error, and no other client notices."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, cast

import aiohttp
import pytest
from aiohttp import web
from tests.support.service import API, LIMIT, Running, eventually, running
from tests.support.wire import connection

from opencode_ledger.actors.twins.virtual_clock import VirtualClock
from opencode_ledger.http.api.request_bodies import MAX_METADATA
from opencode_ledger.http.limits import MOST_CONNECTIONS, Limits, TooFewFiles
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.streams import admission
from opencode_ledger.http.web import over_limit, security
from opencode_ledger.http.web.errors import TooManyRequests
from opencode_ledger.http.web.rate_limit import COMMANDS_AT_ONCE, MOST_CLIENTS, Allowance, Pace, client_of

STRANGER = "192.0.2.1"


def coming_from(address: str) -> Callable[[web.Request], str]:
    """Stands in for `client_of`: all requests come from this address."""

    def client(_request: web.Request) -> str:
        return address

    return client


# --- connections ----------------------------------------------------------------------------------------------------


PING = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
BIG = b"POST /v1/opencode/codebases HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + b" " * 500_000


async def test_more_connections_than_allowed(settings: Settings, tmp_path: Path) -> None:
    """Beyond the limit a request is answered 503 with Retry-After, in the one shape; who left makes room again."""
    async with running(settings, tmp_path / "home", limit=3) as api, AsyncExitStack() as stack:
        inside = [await stack.enter_async_context(connection(api.port)) for _ in range(3)]
        for reader, writer in inside:
            writer.write(PING)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        for sent in (PING, BIG, b"nonsense\r\n"):
            async with connection(api.port) as (reader, writer):
                writer.write(sent)
                answer = await reader.read()
                assert answer.startswith(b"HTTP/1.1 503 ")
                assert b"\r\nRetry-After: 5\r\n" in answer
                assert answer.endswith(
                    b'{"detail":"The server is at its connection limit; try again later.","code":"overloaded"}'
                )
        inside[0][1].close()

        async def served() -> bool:
            async with api.client.get("/healthz", headers={"Connection": "close"}) as response:
                return response.status == 200

        async with asyncio.timeout(LIMIT):
            while not await served():
                await asyncio.sleep(0.01)


async def test_connections_that_say_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes beyond the limit and says nothing is dropped after a while, and at once where there are many of them."""
    monkeypatch.setattr(over_limit, "PATIENCE", 0.2)
    monkeypatch.setattr(over_limit, "MOST_ANSWERED", 5)
    async with running(settings, tmp_path / "home", limit=1) as api:
        assert await api.get("/healthz")

        async def silent() -> None:
            async with connection(api.port) as (reader, _):
                with suppress(ConnectionError):
                    assert await reader.read() == b""

        await asyncio.gather(*(silent() for _ in range(30)))
        assert await api.get("/healthz")


# --- event streams --------------------------------------------------------------------------------------------------


@pytest.fixture
async def small(tmp_path: Path) -> Any:
    """A service that takes 14 event streams, 10 of them new ones."""
    async with running(Settings(data=tmp_path / "data", max_connections=16), tmp_path / "home") as api:
        yield api


class Streams:
    """Readers of one codebase's events."""

    def __init__(self, api: Running, codebase: str) -> None:
        self._api, self._path, self._stack = api, f"{API}/codebases/{codebase}/events", AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def come(self, **asking: Any) -> aiohttp.ClientResponse:
        """One more reader: its answer, of which the stream has begun or is refused."""
        # A connection of its own: a refused reader's is not to be another's.
        client = await self._stack.enter_async_context(aiohttp.ClientSession(f"http://127.0.0.1:{self._api.port}"))
        response = await client.get(self._path, **asking)
        self._stack.callback(response.close)
        return response

    async def admitted(self, most: int, **asking: Any) -> tuple[int, aiohttp.ClientResponse]:
        """How many readers are let in one after the other, and the first refusal."""
        for number in range(most):
            response = await self.come(**asking)
            if response.status != 200:
                return number, response
        raise AssertionError("nobody was refused")


async def assert_refused(response: aiohttp.ClientResponse, status: int, code: str) -> None:
    body = await response.json()
    assert (response.status, body["code"], set(body)) == (status, code, {"detail", "code"})
    assert response.headers["Retry-After"] == "5"


async def test_more_streams_than_allowed(small: Running) -> None:
    """New readers are refused with 503 before the first byte; those who come back find the places kept for them."""
    codebase = await small.register()
    async with Streams(small, codebase) as streams:
        new, refusal = await streams.admitted(20)
        await assert_refused(refusal, 503, "overloaded")
        returning, refusal = await streams.admitted(20, headers={"Last-Event-ID": "1"})
        await assert_refused(refusal, 503, "overloaded")
        assert (new, new + returning) == (10, 14)
        await assert_refused(await streams.come(params={"last_event_id": "0"}), 503, "overloaded")
        assert await small.get("/status"), "everything else is served"
        await small.post(f"/codebases/{codebase}/trigger", {"prompt": "x"})


async def test_a_place_is_free_again(small: Running) -> None:
    """A reader that leaves leaves its place to others, and so does one whose request is refused."""
    codebase = await small.register()
    for _ in range(2):
        async with Streams(small, codebase) as streams:
            for number in range(12):
                assert (await streams.come(headers={"Last-Event-ID": f"99{number}"})).status == 409
            assert (await streams.admitted(20))[0] == 10
        await eventually(lambda: small.service.streams.open == 0)


async def test_many_streams_of_one_client(small: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client elsewhere has its own limit, 429, and twice that for coming back; this machine's clients have none."""
    monkeypatch.setattr(admission, "client_of", coming_from(STRANGER))
    codebase = await small.register()
    async with Streams(small, codebase) as streams:
        new, refusal = await streams.admitted(10)
        await assert_refused(refusal, 429, "too_many_requests")
        returning, refusal = await streams.admitted(10, headers={"Last-Event-ID": "1"})
        await assert_refused(refusal, 429, "too_many_requests")
        assert (new, new + returning) == (4, 8)
        monkeypatch.setattr(admission, "client_of", coming_from("198.51.100.7"))
        assert (await streams.come()).status == 200


# --- commands -------------------------------------------------------------------------------------------------------


async def test_too_many_commands(api: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client elsewhere that gives too many commands at once gets 429 with Retry-After; it may look all the same."""
    monkeypatch.setattr(security, "client_of", coming_from(STRANGER))
    answers = await asyncio.gather(*(api.ask("POST", "/codebases", {}) for _ in range(3 * COMMANDS_AT_ONCE)))
    refused = [answer for answer in answers if answer.status == 429]
    assert {answer.status for answer in answers} == {400, 429}
    assert {(answer.body["code"], answer.headers["Retry-After"]) for answer in refused} == {("too_many_requests", "1")}
    for _ in range(10):
        assert await api.get("/codebases") == []


async def test_this_machine_may_command_as_fast_as_it_can(api: Running) -> None:
    """Clients on the same machine, who share one address, have no limit."""
    answers = await asyncio.gather(*(api.ask("POST", "/codebases", {}) for _ in range(2 * COMMANDS_AT_ONCE)))
    assert {answer.status for answer in answers} == {400}


async def test_pace() -> None:
    """A burst, then a steady rate per second, for each one separately."""
    clock = VirtualClock()
    allowance = Allowance(clock, 3, 2)

    def given(who: str) -> int:
        for number in range(100):
            if seconds := allowance.wait(who):
                assert seconds == 1
                return number
        return 100

    assert (given("a"), given("a"), given("b")) == (3, 0, 3)
    await advance(clock, 1)
    assert (given("a"), given("b")) == (2, 2)
    await advance(clock, 1000)
    assert given("a") == 3


def test_clients_of_this_machine_have_no_pace() -> None:
    """All of them share one address. A client elsewhere is refused with the time to wait."""
    pace = Pace(VirtualClock())
    for _ in range(2 * COMMANDS_AT_ONCE):
        pace.command(None)
    for _ in range(COMMANDS_AT_ONCE):
        pace.command(STRANGER)
    with pytest.raises(TooManyRequests) as refused:
        pace.command(STRANGER)
    assert refused.value.headers == {"Retry-After": "1"}


async def advance(clock: VirtualClock, seconds: float) -> None:
    waiting = asyncio.create_task(clock.sleep(seconds))
    await asyncio.sleep(0)
    await clock.advance(seconds)
    await waiting


def test_clients_are_forgotten() -> None:
    """The number of remembered clients is limited."""
    allowance = Allowance(VirtualClock(), 1, 1)
    for number in range(MOST_CLIENTS + 100):
        allowance.wait(f"{number}")
    assert len(vars(allowance)["_left"]) == MOST_CLIENTS


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("127.0.0.1", None),
        ("127.8.9.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("::ffff:192.0.2.1", STRANGER),
        (STRANGER, STRANGER),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, None),
        ("", None),
    ],
)
def test_client_of(address: str | None, client: str | None) -> None:
    """A client is its address, with IPv6 its network; this machine's own are nobody in particular."""
    assert client_of(cast(web.Request, SimpleNamespace(remote=address))) == client


# --- open files -----------------------------------------------------------------------------------------------------


@pytest.fixture
def files_allowed(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def allow(files: int) -> None:
        def getrlimit(_which: int) -> tuple[int, int]:
            return files, files

        monkeypatch.setattr("resource.getrlimit", getrlimit)

    return allow


def test_limits_from_the_system(files_allowed: Callable[[int], None]) -> None:
    """Without an option there are as many connections as the system's limit of open files leaves room for."""
    for files, connections in [(256, 112), (1024, 880), (20_000, MOST_CONNECTIONS), (-1, MOST_CONNECTIONS)]:
        files_allowed(files)
        assert Limits.of(Settings(max_agents=2)).connections == connections


def test_limits_beyond_the_system(files_allowed: Callable[[int], None]) -> None:
    """More than the system allows is refused with the ways out."""
    for files, settings in [
        (150, Settings(max_agents=2)),
        (1024, Settings(max_agents=2, max_connections=1000)),
        (1024, Settings(max_agents=200)),
    ]:
        files_allowed(files)
        with pytest.raises(TooFewFiles, match=r"ulimit -n, or lower --max-connections or --max-agents\.$"):
            Limits.of(settings)


def test_limits_of_streams() -> None:
    """Of a hundred connections ninety may be streams, two thirds of them new ones."""
    limits = Limits(100)
    assert (limits.streams, limits.new_streams, limits.streams_per_client) == (90, 67, 22)


# --- what a request may hold ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "status"), [(MAX_METADATA - len('{"a":""}'), 200), (MAX_METADATA, 400)])
async def test_metadata(api: Running, size: int, status: int) -> None:
    """Metadata may have 64 KiB as JSON, since it goes along with events; more is 400 and says so."""
    codebase = await api.register()
    for path, body in (("tasks", {"title": "x", "prompt": "x"}), ("trigger", {"prompt": "x"})):
        answer = await api.ask("POST", f"/codebases/{codebase}/{path}", {**body, "metadata": {"a": "é" * (size // 2)}})
        assert answer.status == status
        if status == 400:
            assert answer.body["detail"] == "`metadata` must not be larger than 65,536 bytes as JSON."
        else:
            await api.post(f"/codebases/{codebase}/stop")
