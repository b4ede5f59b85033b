"""HTTP as bytes on a socket, for requests that no client library would send."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import orjson

from .service import LIMIT

HOST = b"Host: localhost\r\n"


@dataclass(frozen=True)
class WireAnswer:
    """An answer as it came: its status, its head's bytes, its JSON body."""

    status: int
    head: bytes
    body: Any


@asynccontextmanager
async def connection(port: int) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the service on this machine, for as long as a test may take."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(LIMIT):
            yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def answer_of(reader: asyncio.StreamReader) -> WireAnswer:
    """The next answer on a connection, which must be JSON."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")[1:-2]
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    assert headers["content-type"].startswith("application/json"), head
    body = orjson.loads(await reader.readexactly(int(headers["content-length"])))
    return WireAnswer(int(head.split()[1]), head, body)


async def exchange(port: int, sent: bytes) -> WireAnswer:
    """Send bytes on a connection of their own; the first answer to them."""
    async with connection(port) as (reader, writer):
        writer.write(sent)
        return await answer_of(reader)
