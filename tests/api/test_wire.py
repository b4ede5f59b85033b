"""HTTP as bytes: what is not quite HTTP, what is too much of it, and what comes too slowly."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.support.service import API, LIMIT, Running, running

from opencode_ledger.http import bodies
from opencode_ledger.http.settings import Settings


@asynccontextmanager
async def connection(api: Running) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    try:
        async with asyncio.timeout(LIMIT):
            yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, Any]:
    """The next answer on a connection: its status and its JSON body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status = int(head.split()[1])
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in head.split("\r\n")[1:-2])}
    assert headers["content-type"].startswith("application/json")
    return status, orjson.loads(await reader.readexactly(int(headers["content-length"])))


async def exchange(api: Running, sent: bytes) -> tuple[int, Any]:
    async with connection(api) as (reader, writer):
        writer.write(sent)
        return await answer_of(reader)


HOST = b"Host: localhost\r\n"
GET = b"GET /v1/opencode/status HTTP/1.1\r\n" + HOST

MALFORMED = {
    "no request line": b"\x00\x01\x02\x03\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "words": b"hello, is anybody there?\r\n\r\n",
    "no version": b"GET /v1/opencode/status\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    "a bad method": b"G@T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "NUL in the path": b"GET /v1/\x00/status HTTP/1.1\r\n" + HOST + b"\r\n",
    "a header without a colon": GET + b"nonsense\r\n\r\n",
    "NUL in a header": GET + b"X-A: a\x00b\r\n\r\n",
    "space before the colon": GET + b"X-A : a\r\n\r\n",
    "a folded header": GET + b"X-A: a\r\n b\r\n\r\n",
    "two hosts": GET + b"Host: example.com\r\n\r\n",
    "a length that is no number": GET + b"Content-Length: ten\r\n\r\n",
    "a negative length": GET + b"Content-Length: -1\r\n\r\n",
    "two lengths": GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "a length and chunks": GET + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an unknown transfer coding": GET + b"Transfer-Encoding: chunked, gzip\r\n\r\n",
    "a long line": b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a long header": GET + b"X-A: " + b"x" * 70_000 + b"\r\n\r\n",
    "many headers": GET + b"".join(b"X-%d: 1\r\n" % n for n in range(10_000)) + b"\r\n",
}


async def test_malformed_requests(api: Running, subtests: pytest.Subtests) -> None:
    """Bytes that are not a well-formed request are answered with a 4xx in the one shape, none of them echoed."""
    for name, sent in MALFORMED.items():
        with subtests.test(name):
            status, body = await exchange(api, sent)
            assert 400 <= status < 500
            assert set(body) == {"detail", "code"}
            assert not {"hello", "nonsense", "X-A", "example.com"} & set(body["detail"].split())
        assert await api.get("/healthz") == {"status": "ok"}


async def test_no_host(api: Running) -> None:
    """A request without a Host, as HTTP/1.0 allows, is refused on loopback."""
    assert (await exchange(api, b"GET /v1/opencode/status HTTP/1.0\r\n\r\n"))[1]["code"] == "foreign_host"
    status, body = await exchange(api, b"GET /v1/opencode/status HTTP/1.0\r\nOrigin: null\r\nHost:\r\n\r\n")
    assert (status, body["code"]) == (403, "foreign_host")


CHUNKS = {
    "a size that is no number": b"zz\r\n{}\r\n0\r\n\r\n",
    "a negative size": b"-1\r\n{}\r\n0\r\n\r\n",
    "a huge size": b"ffffffffffffffffffff\r\n{}\r\n",
    "no end of a chunk": b"2\r\n{}XX0\r\n\r\n",
}


async def test_bad_chunks(api: Running, subtests: pytest.Subtests) -> None:
    """A body whose chunks are broken is 400, and its command is not carried out."""
    codebase = await api.register()
    head = api.service.store.head
    for name, chunks in CHUNKS.items():
        with subtests.test(name):
            start = f"POST {API}/codebases/{codebase}/trigger HTTP/1.1\r\n".encode() + HOST
            sent = start + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
            status, body = await exchange(api, sent)
            assert (status, set(body)) == (400, {"detail", "code"})
        assert api.service.store.head == head


async def test_a_body_that_is_cut_off(api: Running) -> None:
    """A client that leaves in the middle of a body leaves nothing behind."""
    codebase = await api.register()
    head = api.service.store.head
    async with connection(api) as (_, writer):
        start = f"POST {API}/codebases/{codebase}/trigger HTTP/1.1\r\n".encode() + HOST
        writer.write(start + b'Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"prompt": "x"}')
        await writer.drain()
    assert await api.get("/healthz") == {"status": "ok"}
    assert api.service.store.head == head


async def test_pipelining(api: Running) -> None:
    """Requests that are sent without waiting are answered one by one, in order."""
    async with connection(api) as (reader, writer):
        codebases = b"GET /v1/opencode/codebases HTTP/1.1\r\n" + HOST + b"\r\n"
        writer.write(codebases + GET + b"\r\n" + b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n" + codebases)
        answers = [await answer_of(reader) for _ in range(4)]
    assert [status for status, _ in answers] == [200, 200, 404, 200]
    assert (answers[0][1], answers[3][1]) == ([], [])


async def test_a_second_request_that_is_malformed(api: Running) -> None:
    """After a good request on the same connection a bad one gets its 400, and the connection ends."""
    async with connection(api) as (reader, writer):
        writer.write(GET + b"\r\n")
        assert (await answer_of(reader))[0] == 200
        writer.write(b"nonsense\r\n\r\n")
        assert (await answer_of(reader))[0] == 400
        assert await reader.read() == b""


async def test_slow_heads_and_idle_connections(settings: Settings, tmp_path: Path) -> None:
    """A client that sends its request's head one byte at a time, or nothing, is cut off; others are served meanwhile."""
    async with running(settings, tmp_path / "home", head_limit=0.3) as api:

        async def slow() -> None:
            async with connection(api) as (reader, writer):
                closed = asyncio.create_task(reader.read())
                while not closed.done():
                    writer.write(b"G")
                    await asyncio.wait({closed}, timeout=0.01)

        async def silent() -> None:
            async with connection(api) as (reader, _):
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
    async with connection(api) as (reader, writer):
        start = f"POST {API}/codebases/{codebase}/trigger HTTP/1.1\r\n".encode() + HOST
        writer.write(start + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        answer = asyncio.create_task(answer_of(reader))
        while not answer.done():
            writer.write(b" ")
            assert await api.get("/healthz")
            await asyncio.wait({answer}, timeout=0.01)
    status, body = await answer
    assert (status, body["code"]) == (408, "body_too_slow")
    assert api.service.store.head == head
