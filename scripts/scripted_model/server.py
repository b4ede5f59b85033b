"""The HTTP server: reads a request, finds its step, streams the answer at the script's pace."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Self, cast

from aiohttp import web

from . import wire
from .conversation import SeenRequest, fingerprint, next_step, read_request
from .script import Call, Cut, Fail, Hang, Item, Rule, Say, Step, Think, Wait, fault_of

MODELS = ("stub-1", "stub-small")
_KEPT_REQUESTS = 10_000


class ScriptedModel:
    """A scripted model on a free port of loopback: `async with ScriptedModel([when(…)]) as model`.

    `requests` holds what was asked, oldest first (the last 10 000). `rules` may be changed at any time.
    """

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self.rules = list(rules)
        self.requests: deque[SeenRequest] = deque(maxlen=_KEPT_REQUESTS)
        self._attempts: Counter[str] = Counter()
        self._news = asyncio.Condition()
        self._closing = asyncio.Event()
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1.0)
        self._port = 0

    @property
    def base_url(self) -> str:
        """Where the API begins, ending in `/v1`."""
        return f"http://127.0.0.1:{self._port}/v1"

    async def start(self, port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._port = cast("tuple[str, int]", self._runner.addresses[0])[1]

    async def close(self) -> None:
        """Close every connection, including hanging ones."""
        self._closing.set()
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def wait_for(self, wanted: Callable[[SeenRequest], bool], deadline: float = 10.0) -> SeenRequest:
        """The first request, past or to come, that is `wanted`; raises `TimeoutError` after `deadline` seconds."""
        async with asyncio.timeout(deadline), self._news:
            await self._news.wait_for(lambda: any(map(wanted, self.requests)))
            return next(filter(wanted, self.requests))

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20)
        app.add_routes([web.get("/v1/models", _models), web.post("/v1/chat/completions", self._complete)])
        return app

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        seen = await self._see(request)
        try:
            step = next_step(seen, self.rules)
        except ValueError as malformed:
            step = (Fail(400, f"malformed directive: {malformed}"),)
        match fault_of(step):
            case Fail(status, message, headers=headers) if len(step) == 1:
                return web.json_response(wire.error_body(status, message), status=status, headers=headers)
            case _:
                return await (self._stream(request, seen, step) if seen.stream else self._whole(seen, step))

    async def _see(self, request: web.Request) -> SeenRequest:
        body = cast("dict[str, object]", await request.json())
        session = request.headers.get("x-session-affinity", "")
        key = fingerprint(body, session)
        seen = read_request(body, session, self._attempts[key])
        self._attempts[key] += 1
        async with self._news:
            self.requests.append(seen)
            self._news.notify_all()
        return seen

    async def _whole(self, seen: SeenRequest, step: Step) -> web.Response:
        for item in step:
            await self._pause(item)
        return web.json_response(wire.whole(seen.model, step, _usage(seen, step), self._call_prefix()))

    async def _stream(self, request: web.Request, seen: SeenRequest, step: Step) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        with suppress(ConnectionResetError):  # the agent leaves when it is aborted
            await response.prepare(request)
            await response.write(wire.chunk(seen.model, {"role": "assistant"}))
            async for delta in self._deltas(step):
                await response.write(wire.chunk(seen.model, delta))
            await self._finish(request, response, seen, step)
        return response

    async def _finish(self, request: web.Request, response: web.StreamResponse, seen: SeenRequest, step: Step) -> None:
        match fault_of(step):
            case Cut() | Hang():
                if request.transport is not None:
                    request.transport.abort()
            case Fail(status, message):
                await response.write(wire.error_chunk(status, message))
            case None:
                await response.write(wire.chunk(seen.model, {}, wire.finish_reason(step)))
                await response.write(wire.usage_chunk(seen.model, _usage(seen, step)) + wire.DONE)

    async def _deltas(self, step: Step) -> AsyncIterator[Mapping[str, object]]:
        calls = 0
        prefix = self._call_prefix()
        for item in step:
            for delta in wire.deltas(item, calls, f"{prefix}_{calls}"):
                if isinstance(item, Say | Think) and item.pace:
                    await asyncio.sleep(item.pace)
                yield delta
            calls += isinstance(item, Call)
            await self._pause(item)

    async def _pause(self, item: Item) -> None:
        match item:
            case Wait(_, asyncio.Event() as gate):
                await gate.wait()
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Hang():
                await self._closing.wait()
            case _:
                return

    def _call_prefix(self) -> str:
        return f"call_{len(self.requests)}"


def _usage(seen: SeenRequest, step: Step) -> dict[str, int]:
    return wire.usage_of([message.text for message in seen.messages], step)


async def _models(_: web.Request) -> web.Response:
    listed = [{"id": name, "object": "model", "created": 0, "owned_by": "stub"} for name in MODELS]
    return web.json_response({"object": "list", "data": listed})
