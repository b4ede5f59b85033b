"""A client of the service, as small as it can be: JSON over HTTP, and the event stream."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import cast

import aiohttp

from opencode_ledger.domain.visible_text import visible_prose

NO_LIMIT = aiohttp.ClientTimeout(total=None)


class RequestRefused(Exception):
    """The service said no; the message is its own."""


@dataclass(frozen=True)
class Frame:
    """One event as it came over the stream: `raw` is the bytes of its `data` line."""

    id: int
    event: str
    raw: bytes

    @property
    def data(self) -> Mapping[str, object]:
        """The members of the event."""
        return cast("Mapping[str, object]", json.loads(self.raw))

    def text(self, name: str) -> str:
        """A member as text that shows all it holds; empty where it is missing."""
        value = self.data.get(name)
        return visible_prose(value) if isinstance(value, str) else ""

    def shown(self, name: str) -> str:
        """A member for people, on one line: characters that can't be seen are written out."""
        return visible_prose(self.text(name), keep="")


class Client:
    """Requests to one service; paths begin after `/v1/opencode`."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self.api = f"{url}/v1/opencode"

    async def get(self, path: str) -> object:
        """The answer to a GET. Raises `RequestRefused`."""
        async with self._http.get(self.api + path) as response:
            return await _content(response)

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> Mapping[str, object]:
        """The answer to a POST. Raises `RequestRefused`."""
        async with self._http.post(self.api + path, json=body, timeout=NO_LIMIT) as response:
            return cast("Mapping[str, object]", await _content(response))

    async def events(self, codebase: str) -> AsyncIterator[Frame]:
        """All events of the codebase from the first one on, then those to come."""
        url = f"{self.api}/codebases/{codebase}/events?last_event_id=0"
        async with self._http.get(url, timeout=NO_LIMIT) as response:
            if response.status != 200:
                await _content(response)
            async for frame in frames_of(response.content.iter_any()):
                yield frame


async def frames_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[Frame]:
    """The events within a stream of server-sent events that arrives in any pieces."""
    pending = b""
    async for chunk in chunks:
        *whole, pending = (pending + chunk).split(b"\n\n")
        for block in whole:
            fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
            if b"data" in fields:
                yield Frame(int(fields[b"id"]), fields[b"event"].decode(), fields[b"data"])


async def _content(response: aiohttp.ClientResponse) -> object:
    content: object = await response.json(content_type=None)
    if response.status != 200:
        said = cast("Mapping[str, object]", content).get("detail") if isinstance(content, dict) else None
        raise RequestRefused(f"{response.method} {response.url.path} was answered with {response.status}: {said}")
    return content
