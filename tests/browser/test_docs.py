"""The API's page in Chromium, where no other host can be reached."""

import asyncio
from pathlib import Path

import pytest
from tests.support.service import running

from opencode_ledger.http.description import description
from opencode_ledger.http.openapi.document import operation_id
from opencode_ledger.http.routes import ROUTES
from opencode_ledger.http.settings import Settings

from .test_chromium import FLAGS, LIMIT, chromium

ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


async def shown(url: str, profile: Path) -> tuple[str, str]:
    """The page at an address, as it stands when its scripts are done; and what the browser had to say."""
    process = await asyncio.create_subprocess_exec(
        chromium(),
        *FLAGS,
        ALONE,
        f"--user-data-dir={profile}",
        "--enable-logging=stderr",
        "--virtual-time-budget=20000",
        "--dump-dom",
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT):
            page, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return page.decode(), said.decode()


async def test_the_page_shows_every_operation(tmp_path: Path) -> None:
    """The page at /docs shows each operation, with all that it needs from this service and nothing that its policy forbids."""
    await asyncio.to_thread(description)
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api:
        page, said = await shown(f"http://127.0.0.1:{api.port}/docs", tmp_path / "profile")
    missing = [operation_id(route) for route in ROUTES if route.is_described and f"-{operation_id(route)}" not in page]
    assert missing == []
    assert "Content Security Policy" not in said


@pytest.mark.parametrize("path", ["/docs", "/docs/start.js", "/openapi.json"])
async def test_the_page_lets_nothing_in(tmp_path: Path, path: str) -> None:
    """The page and its parts forbid scripts, connections and frames of any other origin."""
    async with running(Settings(data=tmp_path / "data"), tmp_path / "home") as api, api.client.get(path) as response:
        policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "*" not in policy
