"""A server that has few open files to give, or none left: it says so, never spins, and goes on when it can."""

import asyncio
import resource
import socket
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
from tests.support.process import end_of, run, serving

LIMIT = 60.0


def with_files(number: int, directory: Path, *more: str) -> tuple[str, ...]:
    """The server's command line, in a process that may open `number` files."""
    code = (
        f"import resource, runpy; resource.setrlimit(resource.RLIMIT_NOFILE, ({number}, 20000));"
        "runpy.run_module('opencode_ledger', run_name='__main__')"
    )
    data = ("--port", "0", "--data", str(directory / "data"), "--opencode-binary", "/nowhere", "--max-agents", "2")
    return ("-c", code, "serve", *data, *more)


@asynccontextmanager
async def many_connections(port: int, number: int) -> AsyncGenerator[None]:
    """That many clients, which connect and send nothing."""
    with ExitStack() as stack:
        for _ in range(number):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            async with asyncio.timeout(LIMIT):
                await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
        yield


async def register(client: aiohttp.ClientSession, directory: Path) -> int:
    directory.mkdir()
    body = {"name": "x", "path": str(directory)}
    async with asyncio.timeout(LIMIT), client.post("/v1/opencode/codebases", json=body) as response:
        return response.status


async def test_too_few_files_to_start_with(tmp_path: Path) -> None:
    """Where the system allows too few open files, the start is refused with the ways out, and nothing is made."""
    ended = await run(*with_files(120, tmp_path))
    assert ended.code == 1
    assert "open files" in ended.errors
    assert "ulimit -n" in ended.errors
    assert not (tmp_path / "data").exists()


async def test_more_clients_than_files(tmp_path: Path) -> None:
    """With hundreds of clients and few files, those who are in can register and look; files don't run out."""
    async with serving(*with_files(256, tmp_path)) as (process, port):
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            async with client.get("/healthz") as response:
                assert response.status == 200
            async with many_connections(port, 300):
                assert await register(client, tmp_path / "x") == 200
        process.terminate()
        ended = await end_of(process)
    assert ended.code == 0
    assert "out of system resource" not in ended.errors


async def test_no_files_left(tmp_path: Path) -> None:
    """Where the system has no more files to give, the server logs a little, lives, and serves when there are some again."""
    async with serving(*with_files(1024, tmp_path)) as (process, port):
        server = psutil.Process(process.pid)
        server.rlimit(resource.RLIMIT_NOFILE, (server.num_fds() + 2, 20_000))
        async with many_connections(port, 50):
            logged = await read_until(process.stderr, "out of system resource")
        server.rlimit(resource.RLIMIT_NOFILE, (1024, 20_000))
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            assert await register(client, tmp_path / "x") == 200
        process.terminate()
        ended = await end_of(process)
    assert ended.code == 0
    assert len((logged + ended.errors).splitlines()) < 1000


async def read_until(stream: asyncio.StreamReader | None, words: str) -> str:
    assert stream is not None
    read = ""
    async with asyncio.timeout(LIMIT):
        while words not in read:
            read += (await stream.readline()).decode()
    return read
