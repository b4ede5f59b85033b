"""HTTP as bytes: what comes cut off, together or too slowly. What is not quite HTTP: see `hostile/smuggled`."""

import asyncio
import re
from pathlib import Path

import pytest
from tests.support.service import API, Running, running
from tests.support.wire import HOST, answer_of, connection, exchange

from opencode_ledger.http.routes import NUMBERS, ROUTES
from opencode_ledger.http.settings import Settings
from opencode_ledger.http.web import bodies

GET = b"GET /v1/opencode/status HTTP/1.1\r\n" + HOST


async def test_no_host(api: Running) -> None:
    """A request without a Host, as HTTP/1.0 allows, is refused on loopback."""
    for more in (b"", b"Origin: null\r\nHost:\r\n"):
        answer = await exchange(api.port, b"GET /v1/opencode/status HTTP/1.0\r\n" + more + b"\r\n")
        assert (answer.status, answer.body["code"]) == (403, "foreign_host")


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
    """A client that expects to be asked is asked once its request has passed all checks; else refused, and let go."""
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
    named = {"codebase_id": codebase, "task_id": task, "tile": "000", "asset": "start.js", "part": "api.js"}
    for route in ROUTES:
        if route.method != "GET":
            continue
        address = re.sub(r"\{level:[^}]*\}", "0", route.path)
        address = re.sub(r"\{(\w+)(:[^}]*)?\}", lambda part: named[part[1]], address)
        async with api.client.head(address) as answer:
            if not route.has_head:
                assert (answer.status, answer.headers["Allow"]) == (405, "GET")
                continue
            told, length = (answer.status, answer.content_type), answer.content_length
            assert await answer.read() == b""
        async with api.client.get(address) as whole:
            assert told == (whole.status, whole.content_type), address
            # What counts the answers given is longer after one more.
            assert length == len(await whole.read()) or route.answer is NUMBERS, address


async def test_the_address_in_full(api: Running) -> None:
    """An address with this server's own name in it, as a proxy would be sent, is served."""
    for name in (b"localhost", b"LOCALHOST:80", b"[::1]:%d" % api.port, b"127.0.0.1"):
        sent = b"GET http://%b/v1/opencode/status HTTP/1.1\r\n" % name + HOST + b"\r\n"
        assert (await exchange(api.port, sent)).status == 200


async def test_no_answer_tells_versions(api: Running) -> None:
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
