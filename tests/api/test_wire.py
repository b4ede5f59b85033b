"""HTTP as bytes: what comes cut off, together or too slowly. What is not quite HTTP: see `hostile/smuggled`."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.service import API, Running, running
from tests.support.wire import HOST, answer_of, connection, exchange

from opencode_ledger.domain.errors import StoreError
from opencode_ledger.http.media import NUMBERS
from opencode_ledger.http.route import Route
from opencode_ledger.http.routes import ROUTES
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web import bodies

GET = b"GET /v1/opencode/status HTTP/1.1\r\n" + HOST


def gets(codebase: str, task: str) -> list[tuple[Route, str]]:
    """Every route that is asked with GET, and an address of it."""
    named = {
        "codebase_id": codebase,
        "task_id": task,
        "session_id": "sess_x",
        "tile": "000",
        "asset": "start.js",
        "part": "api.js",
        "level": "0",
        "output_id": "out_0",
    }
    return [
        (route, re.sub(r"\{(\w+)(:[^}]*)?\}", lambda part: named[part[1]], route.path))
        for route in ROUTES
        if route.method == "GET"
    ]


async def test_no_host(api: Running) -> None:
    """A request without a Host, as HTTP/1.0 allows and no browser sends, is served; an empty Host is a foreign one."""
    for path in (b"/healthz", b"/readyz", b"/v1/opencode/status"):
        for version, more, status, code in (
            (b"1.0", b"", 200, None),
            (b"1.0", b"Connection: keep-alive\r\n", 200, None),
            (b"1.0", b"Host:\r\n", 403, "foreign_host"),
            (b"1.0", b"Host: example.com\r\n", 403, "foreign_host"),
            (b"1.0", b"Host: localhost\r\nHost: example.com\r\n", 400, "malformed_request"),
            (b"1.0", b"Origin: null\r\n", 403, "foreign_origin"),
            (b"1.0", b"Origin: http://\r\n", 403, "foreign_origin"),
            (b"1.0", b"Sec-Fetch-Site: cross-site\r\n", 403, "foreign_origin"),
            (b"1.1", b"", 400, "malformed_request"),
        ):
            answer = await exchange(api.port, b"GET %b HTTP/%b\r\n" % (path, version) + more + b"\r\n")
            assert (answer.status, answer.body.get("code")) == (status, code), (path, version, more)


async def test_where_an_answer_ends_over_http_1_0(api: Running) -> None:
    """Every response to an HTTP/1.0 client that would keep the connection has a length, or ends with the connection."""
    codebase = await api.register()
    await api.post(f"/codebases/{codebase}/trigger", {"prompt": "x"})
    agent = await api.agent_at_work(codebase)
    await agent.end("Done.")
    [session] = (await api.get(f"/codebases/{codebase}/sessions"))["sessions"]
    streamed = {
        f"{API}/codebases/{codebase}/log/export": b'{"proof":',
        f"{API}/codebases/{codebase}/events?session_id={session['id']}": b"event: complete",
    }
    for address in [*streamed, *(address for _, address in gets(codebase, "task_x"))]:
        if address.endswith("/events"):
            continue  # they have no end
        for more in (b"", HOST):
            async with connection(api.port) as (reader, writer):
                head = b"GET %b HTTP/1.0\r\nConnection: keep-alive\r\n%b\r\n" % (address.encode(), more)
                writer.write(head + b"GET /healthz HTTP/1.0\r\n\r\n")
                answer = await reader.read()
            lines, _, rest = answer.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: ([0-9]+)", lines)
            assert bool(length) == (b"keep-alive" in lines), (address, lines)
            after = rest[int(length[1]) :] if length else b""
            assert after.count(b"HTTP/1.") == rest.count(b"HTTP/1.0 ") == bool(length), address
            assert b"chunked" not in lines.lower()
            assert streamed.get(address, b"") in rest


async def test_an_answer_that_breaks_off(api: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export that fails on its way is broken off: nothing is said after what was sent, and its end isn't that of a whole one."""
    codebase = await api.register()

    async def failing(*_: object) -> AsyncIterator[bytes]:
        yield b"{}\n"
        raise StoreError

    monkeypatch.setattr("opencode_ledger.http.api.history.export_lines", failing)
    for version in (b"1.0", b"1.1"):
        async with connection(api.port) as (reader, writer):
            writer.write(
                b"GET %b/codebases/%b/log/export HTTP/%b\r\n" % (API.encode(), codebase.encode(), version) + HOST
            )
            writer.write(b"\r\n")
            seen = b""
            with suppress(ConnectionError):
                while piece := await reader.read(1000):
                    seen += piece
        assert seen.count(b"HTTP/1.") <= 1
        assert b"store_unavailable" not in seen
        assert not seen.endswith(b"0\r\n\r\n")
    assert await api.get("/healthz") == {"status": "ok"}


async def test_a_body_that_is_cut_off(api: Running) -> None:
    """A client that leaves in the middle of a body leaves nothing behind."""
    codebase = await api.register()
    head = api.service.store.head
    async with connection(api.port) as (_, writer):
        start = f"POST {API}/codebases/{codebase}/trigger HTTP/1.1\r\n".encode() + HOST
        writer.write(start + b'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"prompt": "x"}')
        await writer.drain()
    assert await api.get("/healthz") == {"status": "ok"}
    assert api.service.store.head == head


async def test_a_body_is_asked_for_when_it_is_wanted(api: Running) -> None:
    """A client that sends `Expect: 100-continue` is asked for the body after all checks passed, or else refused."""
    codebase = await api.register()
    about = b"Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 15\r\n"
    for of, more, status in ((codebase, b"", 200), (codebase, b"Idempotency-Key: k\r\n", 409), ("cb_x", b"", 404)):
        async with connection(api.port) as (reader, writer):
            start = f"POST {API}/codebases/{of}/trigger HTTP/1.1\r\n".encode() + HOST
            writer.write(start + about + more + b"\r\n")
            if status != 404:
                assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
                writer.write(b'{"prompt": "x"}')
            answer = await answer_of(reader)
            assert answer.status == status
            assert (b"Connection: close" in answer.head) == (status >= 400)


async def test_head(api: Running) -> None:
    """HEAD answers what GET does, without the body; where the body is made as it goes, it is refused and says so."""
    codebase = await api.register()
    task = (await api.post(f"/codebases/{codebase}/tasks", {"title": "t", "prompt": "p"}))["task"]["id"]
    await api.agent_at_work(codebase)
    for route, address in gets(codebase, task):
        async with api.client.head(address) as answer:
            if not route.has_head:
                assert (answer.status, answer.headers["Allow"]) == (405, "GET")
                continue
            shown, length = (answer.status, answer.content_type), answer.content_length
            assert await answer.read() == b""
        async with api.client.get(address) as whole:
            assert shown == (whole.status, whole.content_type), address
            # What counts the answers given is longer after one more.
            assert length == len(await whole.read()) or route.answer is NUMBERS, address


async def test_the_address_in_full(api: Running) -> None:
    """An address with this server's own name in it, as a proxy would be sent, is served."""
    for name in (b"localhost", b"LOCALHOST:80", b"[::1]:%d" % api.port, b"127.0.0.1"):
        sent = b"GET http://%b/v1/opencode/status HTTP/1.1\r\n" % name + HOST + b"\r\n"
        assert (await exchange(api.port, sent)).status == 200


async def test_no_response_reveals_versions(api: Running) -> None:
    """An answer names this server, and not what it is made of."""
    for sent in (GET + b"\r\n", b"nonsense\r\n\r\n", b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n"):
        answer = await exchange(api.port, sent)
        assert b"Server: opencode-ledger\r\n" in answer.head
        assert not re.search(rb"(?i)python|aiohttp", answer.head)


async def test_pipelining(api: Running) -> None:
    """Requests that are sent without waiting are answered one by one, in order."""
    async with connection(api.port) as (reader, writer):
        codebases = b"GET /v1/opencode/codebases HTTP/1.1\r\n" + HOST + b"\r\n"
        writer.write(codebases + GET + b"\r\n" + b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n" + codebases)
        answers = [await answer_of(reader) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 404, 200]
    assert (answers[0].body, answers[3].body) == ([], [])


async def test_a_second_request_that_is_malformed(api: Running) -> None:
    """After a good request on the same connection a bad one gets its 400, and the connection ends."""
    async with connection(api.port) as (reader, writer):
        writer.write(GET + b"\r\n")
        assert (await answer_of(reader)).status == 200
        writer.write(b"nonsense\r\n\r\n")
        assert (await answer_of(reader)).status == 400
        assert await reader.read() == b""


async def test_slow_heads_and_idle_connections(settings: Settings, tmp_path: Path) -> None:
    """A client that sends its request's head one byte at a time, or nothing, is cut off; others are served meanwhile."""
    async with running(settings, tmp_path / "home", head_limit=0.3) as api:

        async def slow() -> None:
            async with connection(api.port) as (reader, writer):
                closed = asyncio.create_task(reader.read())
                while not closed.done():
                    writer.write(b"G")
                    await asyncio.wait({closed}, timeout=0.01)

        async def silent() -> None:
            async with connection(api.port) as (reader, _):
                assert await reader.read() == b""

        waiting = [asyncio.create_task(client()) for client in (slow, silent) for _ in range(20)]
        while not all(task.done() for task in waiting):
            assert await api.get("/healthz")
            await asyncio.sleep(0.01)
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_slow_bodies(api: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that comes one byte at a time is 408 after a while, and its command is not carried out."""
    monkeypatch.setattr(bodies, "BODY_LIMIT", 0.2)
    codebase = await api.register()
    head = api.service.store.head
    async with connection(api.port) as (reader, writer):
        start = f"POST {API}/codebases/{codebase}/trigger HTTP/1.1\r\n".encode() + HOST
        writer.write(start + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        answer = asyncio.create_task(answer_of(reader))
        while not answer.done():
            writer.write(b" ")
            assert await api.get("/healthz")
            await asyncio.wait({answer}, timeout=0.01)
    refused = await answer
    assert (refused.status, refused.body["code"]) == (408, "body_too_slow")
    assert api.service.store.head == head
