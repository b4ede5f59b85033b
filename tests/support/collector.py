"""A twin of an OpenTelemetry collector: it takes OTLP over HTTP, and reads it with the official package."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


class Collector:
    """What was received. `status`: of each answer. `silent`: it takes requests and never answers."""

    def __init__(self, *, status: int = 200, silent: bool = False) -> None:
        self.url = ""
        self.status, self._silent = status, silent
        self.requests = 0
        self.headers: dict[str, str] = {}
        self.resources: list[dict[str, Any]] = []
        self.spans: list[Any] = []
        self._over = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        """A batch of spans."""
        self.requests += 1
        self.headers = dict(request.headers)
        assert request.path == "/v1/traces"
        assert request.content_type == "application/x-protobuf"
        body = await request.read()
        if self._silent:
            await self._over.wait()
        batch = ExportTraceServiceRequest.FromString(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
        if self.status == 200:
            for resource in batch.resource_spans:
                self.resources.append(attributes(resource.resource.attributes))
                self.spans += [span for scope in resource.scope_spans for span in scope.spans]
        return web.Response(status=self.status, content_type="application/x-protobuf")

    def named(self, name: str) -> list[Any]:
        """The spans with this name."""
        return [span for span in self.spans if span.name == name]

    async def has(self, wanted: Callable[["Collector"], bool]) -> None:
        """Wait until something was received."""
        async with asyncio.timeout(20):
            while not wanted(self):
                await asyncio.sleep(0.01)

    def release(self) -> None:
        """Answer what waits."""
        self._over.set()


def attributes(given: Any) -> dict[str, Any]:
    """Attributes as a dictionary."""
    pairs: list[KeyValue] = list(given)
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in pairs}


@asynccontextmanager
async def collecting(*, status: int = 200, silent: bool = False) -> AsyncGenerator[Collector]:
    """A collector on a free port, for the length of a block."""
    collector = Collector(status=status, silent=silent)
    app = web.Application()
    app.router.add_post("/{path:.*}", collector.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield collector
    finally:
        collector.release()
        await runner.cleanup()
