"""A person who works with opencode in codebases' directories, beside the service: with the home that its agents have.

One opencode serves all sessions of a test module: a start for each would cost seconds of the processor.
"""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiohttp
from tests.support.waiting import LIMIT

from opencode_ledger.actors.opencode.host.home import prepare_home
from opencode_ledger.actors.opencode.program.environment import private_home

from .service import Service

SWITCHES: Final = dict.fromkeys(("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH"), "1")
LISTENING: Final = b"opencode server listening on "


class Person:
    """Somebody at opencode's own server. Made by `at_work`."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def run(self, directory: Path, *lines: str, session: str | None = None) -> str:
        """Give a prompt of these lines, and wait for its end; its session, a new one unless one is given."""
        where = {"x-opencode-directory": quote(str(directory))}
        session = session or str((await self._post("/session", where, {}))["id"])
        part = {"type": "text", "text": "\n".join(lines)}
        await self._post(f"/session/{session}/message", where, {"parts": [part]})
        return session

    async def _post(self, path: str, headers: dict[str, str], body: object) -> dict[str, object]:
        async with asyncio.timeout(LIMIT), self._http.post(path, headers=headers, json=body) as answer:
            assert answer.status == 200, await answer.text()
            content: dict[str, object] = await answer.json()
            return content


@asynccontextmanager
async def at_work(service: Service) -> AsyncGenerator[Person]:
    """Somebody who works with the service's home for the length of a block."""
    home = service.folder / "home"
    await asyncio.to_thread(prepare_home, home)
    chosen = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(str(service.binary), "serve", "--hostname", "127.0.0.1", "--port", "0"),
        cwd=home,
        env={**chosen, **private_home(home), **SWITCHES, "OPENCODE_CONFIG": str(service.folder / "opencode.json")},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(LIMIT):
            while not (line := await process.stdout.readline()).startswith(LISTENING):
                assert line, "opencode ended"
        url = line.removeprefix(LISTENING).decode().strip()
        async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=None)) as http:
            yield Person(http)
    finally:
        process.kill()
        await process.wait()
