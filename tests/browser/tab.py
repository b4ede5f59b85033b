"""A tab of Chromium that a test drives: what a person would do and see in it."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from .test_chromium import LIMIT, browsing


class Tab:
    """The tab behind a connection of Chromium's own protocol for developers."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self._connection = connection
        self._number = 0

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One command, and its answer."""
        self._number += 1
        await self._connection.send_json({"id": self._number, "method": method, "params": params})
        async with asyncio.timeout(LIMIT):
            while (answer := await self._connection.receive_json()).get("id") != self._number:
                pass
        assert "error" not in answer, answer
        return dict(answer["result"])

    async def evaluate(self, script: str) -> Any:
        """The value of an expression in the page; of what it promises, where it is a promise."""
        answer = await self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(LIMIT):
            while not await self.evaluate(f"Boolean({script})"):
                await asyncio.sleep(0.05)

    async def go(self, url: str) -> None:
        """Open a page, from its beginning."""
        await self.ask("Page.navigate", url="about:blank")
        await self.ask("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.protocol !== 'about:'")

    async def size(self, width: int, height: int) -> None:
        """Give the page this many pixels."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def press(self, key: str, *, alt: bool = False) -> None:
        """Press a key that isn't a letter, such as Tab."""
        code = {
            "Tab": 9,
            "Enter": 13,
            "Escape": 27,
            "ArrowLeft": 37,
            "ArrowUp": 38,
            "ArrowRight": 39,
            "ArrowDown": 40,
        }[key]
        text = {"text": "\r"} if key == "Enter" else {}
        held = {"key": key, "windowsVirtualKeyCode": code, "modifiers": int(alt)}
        await self.ask("Input.dispatchKeyEvent", type="keyDown", **held, **text)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", **held)

    async def keys(self, text: str) -> None:
        """Type these characters, each by its key."""
        for char in text:
            await self.ask("Input.dispatchKeyEvent", type="keyDown", key=char, text=char)
            await self.ask("Input.dispatchKeyEvent", type="keyUp", key=char)

    async def picture(self, file: Path) -> None:
        """Keep what is seen as a PNG."""
        answer = await self.ask("Page.captureScreenshot", format="png")
        await asyncio.to_thread(file.write_bytes, base64.b64decode(answer["data"]))


@asynccontextmanager
async def tab(profile: Path, *flags: str) -> AsyncGenerator[Tab]:
    """A browser's only tab, for the length of a block. `flags`: more of the browser's options."""
    async with browsing("about:blank", profile, *flags), aiohttp.ClientSession() as client:
        port = await _port(profile / "DevToolsActivePort")
        async with client.get(f"http://127.0.0.1:{port}/json/list") as response:
            pages = [page for page in await response.json() if page["type"] == "page"]
        async with client.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as connection:
            yield Tab(connection)


async def _port(file: Path) -> int:
    """Where the browser listens; it says so in a file."""
    async with asyncio.timeout(LIMIT):
        while not (file.is_file() and len(lines := file.read_text().splitlines()) > 1):
            await asyncio.sleep(0.05)
    return int(lines[0])
