"""A bad line between a client and the server: it cuts event streams off after a number of bytes."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class FlakyLine:
    """Passes everything on, but the first streams only up to `cuts` bytes each; the client then comes back."""

    target: int
    cuts: list[int]
    cursors: list[str | None] = field(default_factory=list[str | None])
    """The `Last-Event-ID` of each stream asked for, as the client sent it."""
    port: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection's requests up, one after the other, and their answers down."""
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self.target)
        answers = asyncio.create_task(self._answers(upstream_reader, writer, budgets := asyncio.Queue[int | None]()))
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                budgets.put_nowait(self._budget(head))
                upstream.write(head)
                await upstream.drain()
                length = next((int(v) for k, v in _fields(head) if k == "content-length"), 0)
                upstream.write(await reader.readexactly(length))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            upstream.close()
            answers.cancel()
            writer.close()

    def _budget(self, head: bytes) -> int | None:
        if b"/events" not in head.split(b"\r\n")[0]:
            return None
        self.cursors.append(next((v for k, v in _fields(head) if k == "last-event-id"), None))
        return self.cuts.pop(0) if self.cuts else None

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budgets: "asyncio.Queue[int | None]"
    ) -> None:
        left: int | None = None
        try:
            while data := await reader.read(65536):
                while not budgets.empty():
                    left = budgets.get_nowait()
                # Real clients wait as long as the server says; a test doesn't want to.
                data = data.replace(b"retry: 2000", b"retry: 0050")
                writer.write(data[:left])
                await writer.drain()
                if left is not None and (left := left - len(data)) <= 0:
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()


def _fields(head: bytes) -> Iterable[tuple[str, str]]:
    for line in head.decode().split("\r\n")[1:]:
        name, _, value = line.partition(":")
        yield name.lower(), value.strip()


@asynccontextmanager
async def flaky_line(target: int, cuts: list[int]) -> AsyncGenerator[FlakyLine]:
    """A bad line to a port of this machine, for the length of a block."""
    line = FlakyLine(target, cuts)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
