"""The files of `deploy/` for proxies, with the real nginx and Caddy: TLS, the API, and streams without a delay."""

import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from tests.support.proxies import (
    DEPLOY,
    HOST,
    certificate,
    free_port,
    greeted,
    nginx,
    nginx_configuration,
    program,
    published,
    serving,
    trusting,
)
from tests.support.service import Running, eventually, running

TOKEN = "a-token-for-a-program-behind-a-proxy"
SENT = {"Authorization": f"Bearer {TOKEN}"}


class Resolver(AbstractResolver):
    """Finds every name on this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        return


def client(tls: ssl.SSLContext) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls, resolver=Resolver()), headers=SENT)


async def check(api: Running, url: str, tls: ssl.SSLContext) -> None:
    """Through the proxy a codebase is registered from the page's own origin, and each event arrives when it happens."""
    origin = url.removesuffix("/ledger")
    async with client(tls) as proxied, asyncio.timeout(20):
        async with proxied.get(f"{url}/v1/opencode/events", headers={"Last-Event-ID": "0"}) as stream:
            assert stream.status == 200
            assert (await stream.content.readline()).startswith(b"retry:")
            for name in ("first", "second"):
                body = {"name": name, "path": str(api.directory(name))}
                commanded = proxied.post(f"{url}/v1/opencode/codebases", json=body, headers={"Origin": origin})
                async with commanded as answer:
                    assert answer.status == 200, await answer.text()
                while name.encode() not in await stream.content.readline():
                    pass
        await eventually(lambda: api.service.streams.open == 0)  # the proxy doesn't read on for a client that has gone
        async with proxied.get(f"{url}/", headers={"Authorization": ""}) as page:
            assert (page.status, page.content_type) == (200, "text/html")
        async with proxied.post(f"{url}/v1/opencode/login", json={"token": TOKEN}) as answer:
            begins = "__Secure-" if url.endswith("/ledger") else "__Host-"
            assert answer.headers["Set-Cookie"].startswith(begins)
            assert "Secure" in answer.headers["Set-Cookie"]
        async with proxied.get(f"{url}/v1/opencode/status", headers={"Origin": "https://example.com"}) as answer:
            assert answer.status == 403


SITES = {
    "as it is": ("", "/", ""),
    "with a prefix that the service gets": ("/ledger", "/ledger/", ""),
    "without the public host": ("/ledger", "/ledger/", "proxy_set_header X-Nothing x;"),
}


@pytest.mark.parametrize("site", SITES)
async def test_nginx(tmp_path: Path, site: str) -> None:
    """The file works as it is and under a prefix, whatever the proxy passes on as Host."""
    prefix, location, more = SITES[site]
    port = free_port()
    url = f"https://{HOST}:{port}{prefix}"
    settings = published(tmp_path, url, TOKEN)
    tls = await asyncio.to_thread(trusting, await certificate(tmp_path))
    async with running(settings, tmp_path / "home") as api:
        configuration = nginx_configuration(tmp_path, port, api.port, location=location, more=more)
        async with nginx(tmp_path, configuration, port):
            await check(api, url, tls)


async def test_nginx_that_removes_the_prefix(tmp_path: Path) -> None:
    """With a slash behind the service's address, nginx removes the prefix; everything is the same."""
    port = free_port()
    url = f"https://{HOST}:{port}/ledger"
    settings = published(tmp_path, url, TOKEN)
    tls = await asyncio.to_thread(trusting, await certificate(tmp_path))
    async with running(settings, tmp_path / "home") as api:
        configuration = nginx_configuration(tmp_path, port, api.port, location="/ledger/")
        stripped = configuration.replace(f"127.0.0.1:{api.port};", f"127.0.0.1:{api.port}/;")
        async with nginx(tmp_path, stripped, port):
            await check(api, url, tls)


async def test_caddy(tmp_path: Path) -> None:
    """Caddy works with its file, here with a certificate of its own authority."""
    port = free_port()
    url = f"https://{HOST}:{port}"
    settings = published(tmp_path, url, TOKEN)
    async with running(settings, tmp_path / "home") as api:
        text = await asyncio.to_thread((DEPLOY / "Caddyfile").read_text, encoding="utf-8")
        local = "{\n\tadmin off\n\tauto_https disable_redirects\n\tlocal_certs\n\tskip_install_trust\n}\n"
        file = tmp_path / "Caddyfile"
        await asyncio.to_thread(file.write_text, local + text, encoding="utf-8")
        variables = {
            "LEDGER_HOST": f"{HOST}:{port}",
            "LEDGER": f"127.0.0.1:{api.port}",
            "HOME": str(tmp_path),
            "XDG_DATA_HOME": str(tmp_path / "caddy"),
            "XDG_CONFIG_HOME": str(tmp_path / "caddy"),
        }
        command = (program("caddy"), "run", "--adapter", "caddyfile", "--config", file)
        async with serving(port, *command, **variables):
            root = tmp_path / "caddy/caddy/pki/authorities/local/root.crt"
            async with asyncio.timeout(20):
                while not root.is_file():
                    await asyncio.sleep(0.02)
            tls = await asyncio.to_thread(trusting, root)
            await greeted(port, tls)
            await check(api, url, tls)
