"""A server that answers each request as a script says, and remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

TICK: Final = 0.05
"""Seconds between the pieces of a slow answer."""


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int = 200
    body: object = field(default_factory=dict[str, object])
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drop:
    """No answer, or the first bytes of one."""

    begun: bytes = b""


@dataclass(frozen=True)
class Stream:
    """An event stream. `end`: a proper end, a connection that breaks, or one that says nothing more."""

    pieces: tuple[bytes, ...]
    end: Literal["proper", "broken", "silent"] = "proper"
    headers: tuple[str, ...] = ()
    tick: float = 0.0


Step = Reply | Drop | Stream


def problem(status: int, code: str, *headers: str) -> Reply:
    """A refusal of the service."""
    return Reply(status, {"detail": f"A sentence about {code}.", "code": code}, headers)


@dataclass
class Asked:
    """A request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Scripted:
    """`asked`: the requests so far. A request beyond the script is answered with 204, as the end of a stream."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps, self.asked = list(steps), list[Asked]()
        self.port = 0
        self._held = set[asyncio.StreamWriter]()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self._held.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked = _asked(head)
                asked.body = await reader.readexactly(int(asked.headers.get("content-length", 0)))
                self.asked.append(asked)
                if not await _answer(writer, self._steps.pop(0) if self._steps else Reply(204, None)):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._held.discard(writer)

    def close(self) -> None:
        """Give up all connections."""
        for writer in tuple(self._held):
            writer.transport.abort()


def _asked(head: bytes) -> Asked:
    first, *lines = head.decode().strip().split("\r\n")
    method, path, _ = first.split(" ")
    named = (line.partition(":") for line in lines)
    return Asked(method, path, {name.lower(): value.strip() for name, _, value in named}, b"")


async def _answer(writer: asyncio.StreamWriter, step: Step) -> bool:
    """Send an answer; whether the connection goes on."""
    match step:
        case Drop(begun):
            writer.write(begun)
        case Reply(status, body, headers):
            content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            lines = (f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", *headers)
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        case Stream():
            return await _stream(writer, step)
    await writer.drain()
    return isinstance(step, Reply)


async def _stream(writer: asyncio.StreamWriter, step: Stream) -> bool:
    lines = ("HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked", *step.headers)
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
    for piece in step.pieces:
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
        await asyncio.sleep(step.tick)
    if step.end == "silent":
        await asyncio.get_running_loop().create_future()
    if step.end == "proper":
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return step.end == "proper"


@asynccontextmanager
async def scripted(*steps: Step) -> AsyncGenerator[Scripted]:
    """A server for the length of a block."""
    made = Scripted(steps)
    carried = set[asyncio.Task[None]]()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(made.carry(reader, writer))
        carried.add(task)
        task.add_done_callback(carried.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.close()
        for task in tuple(carried):
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
