"""A tab of Firefox that a test drives, over WebDriver BiDi: as little of it as a test needs."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from .tab import Tab
from .test_chromium import LIMIT

LISTENS: Final = "WebDriver BiDi listening on "

KEYS: Final = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c"}
"""Keys that aren't letters, as WebDriver names them."""


class Fox(Tab):
    """Firefox's only tab, as Chromium's `Tab`."""

    context: str = ""

    async def begin(self) -> None:
        """Begin a session of WebDriver, and find the tab."""
        await self.ask("session.new", capabilities={})
        tree = await self.ask("browsingContext.getTree")
        self.context = tree["contexts"][0]["context"]

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One command, and its answer."""
        self._number += 1
        await self._connection.send_json({"id": self._number, "method": method, "params": params})
        async with asyncio.timeout(LIMIT):
            while (answer := await self._connection.receive_json()).get("id") != self._number:
                pass
        assert answer["type"] == "success", answer
        return dict(answer["result"])

    async def evaluate(self, script: str) -> Any:
        """The value of an expression in the page: a text, a number, a truth value or nothing."""
        target = {"context": self.context}
        answer = await self.ask("script.evaluate", expression=script, target=target, awaitPromise=True)
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    async def go(self, url: str) -> None:
        """Open a page, from its beginning."""
        await self.ask("browsingContext.navigate", context=self.context, url="about:blank", wait="complete")
        await self.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    async def size(self, width: int, height: int) -> None:
        """Give the page this many pixels."""
        size = {"width": width, "height": height}
        await self.ask("browsingContext.setViewport", context=self.context, viewport=size)

    async def press(self, key: str, *, alt: bool = False) -> None:
        """Press a key that isn't a letter, such as Tab."""
        assert not alt
        await self.keys(KEYS[key])

    async def keys(self, text: str) -> None:
        """Type these characters, each by its key."""
        actions = [{"type": kind, "value": char} for char in text for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        await self.ask("input.performActions", context=self.context, actions=[keyboard])


@asynccontextmanager
async def fox(profile: Path) -> AsyncGenerator[Fox]:
    """Firefox with an empty profile, for the length of a block; without one the test is skipped."""
    program = shutil.which("firefox-esr") or shutil.which("firefox") or pytest.skip("Firefox isn't installed")
    profile.mkdir()
    process = await asyncio.create_subprocess_exec(
        program,
        "--headless",
        "--no-remote",
        "--remote-debugging-port=0",
        f"--profile={profile}",
        "about:blank",
        env={"HOME": str(profile), "PATH": "/usr/bin:/bin", "MOZ_DISABLE_CONTENT_SANDBOX": "1"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    draining = None
    try:
        async with asyncio.timeout(LIMIT):
            while LISTENS not in (line := (await process.stderr.readline()).decode()):
                assert line, "Firefox ended"
        draining = asyncio.create_task(process.stderr.read())
        address = line.partition(LISTENS)[2].strip()
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(f"{address}/session", max_msg_size=0) as connection,
        ):
            page = Fox(connection)
            await page.begin()
            yield page
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        if draining is not None:
            await draining
