"""Real proxies in front of a service: nginx and Caddy with the files of `deploy/`, on free ports of this machine."""

import asyncio
import os
import re
import shutil
import socket
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from opencode_ledger.http.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
HOST = "agents.example.com"
LIMIT = 60.0


def program(name: str) -> str:
    """A program of this machine; without it the test is skipped."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin") or pytest.skip(f"no {name} here")


def published(folder: Path, url: str, token: str) -> Settings:
    """The settings of a service that a proxy publishes at `url`, with a single token."""
    file = folder / "token"
    file.write_text(token, encoding="utf-8")
    file.chmod(0o600)
    return Settings(data=folder / "data", public_url=url, token_file=file)


def free_port() -> int:
    """A port that nothing uses now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


async def certificate(folder: Path) -> Path:
    """A certificate for `HOST`, signed by itself; its key is beside it."""
    file = folder / "tls.pem"
    command = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    made = await asyncio.create_subprocess_exec(
        program("openssl"),
        *command,
        *names,
        "-out",
        file,
        "-keyout",
        folder / "tls.key",
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await made.wait() == 0
    return file


def trusting(file: Path) -> ssl.SSLContext:
    """A client's TLS that trusts this certificate."""
    return ssl.create_default_context(cafile=str(file))


def nginx_configuration(folder: Path, port: int, service: int, *, location: str = "/", more: str = "") -> str:
    """The file of `deploy/` as a whole configuration. `more`: what takes the place of the line that passes the host on."""
    site = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for old, new in [
        ("listen 443 ssl http2", f"listen 127.0.0.1:{port} ssl http2"),
        ("listen 80", f"listen unix:{folder}/plain.sock"),
        ("/etc/ssl/agents.example.com.pem", f"{folder}/tls.pem"),
        ("/etc/ssl/private/agents.example.com.key", f"{folder}/tls.key"),
        ("location / {", f"location {location} {{"),
        ("127.0.0.1:8000", f"127.0.0.1:{service}"),
    ]:
        assert old in site
        site = site.replace(old, new)
    site = re.sub(r"proxy_set_header Host \$host;", more or r"\g<0>", site)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"pid {folder}/pid; worker_processes 1; events {{}} http {{ access_log off; {places}\n{site}\n}}"


@asynccontextmanager
async def serving(port: int, *command: str | Path, **variables: str) -> AsyncGenerator[None]:
    """A proxy for the length of a block, once it listens."""
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **variables}, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(LIMIT):
            while not await _listens(port):
                assert process.returncode is None, command
                await asyncio.sleep(0.02)
        yield
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def nginx(folder: Path, configuration: str, port: int) -> AsyncGenerator[None]:
    """nginx with a configuration."""
    file = folder / "whole.conf"
    await asyncio.to_thread(file.write_text, configuration, encoding="utf-8")
    command = (program("nginx"), "-e", folder / "errors.log", "-c", file, "-g", "daemon off;")
    async with serving(port, *command):
        yield


async def greeted(port: int, tls: ssl.SSLContext) -> None:
    """Wait for a proxy that makes its own certificate: it listens before it has one."""
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=HOST)
            except OSError:  # an alert of TLS is one too
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
