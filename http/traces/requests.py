"""The span of each request: its address as a route, never its parameters, its body or who sent it."""

import os
import re
from datetime import timedelta
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from ...domain.ports import Clock
from ...projections.traces.span import Attribute, Span
from ..web.correlation import caller_of, correlation_of
from .spans import Spans

QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes that only probes ask for, again and again."""

_TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")


def traced(spans: Spans, clock: Clock, prefix: str) -> Middleware:
    """The middleware that makes the spans. `prefix`: what addresses may begin with, and routes don't."""

    @web.middleware
    async def trace(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        route = (resource.canonical.removeprefix(prefix) or "/") if resource else None
        if route in QUIET:
            return await handler(request)
        correlation, caller = correlation_of(request), caller_of(request)
        trace_id, parent = caller or (correlation if _TRACE_ID.fullmatch(correlation) else os.urandom(16).hex(), None)
        span_id = os.urandom(8).hex()
        spans.begin_request(correlation, trace_id, span_id)
        began, since = clock.now(), clock.monotonic()
        status: int | None = None
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            method = request.method if request.method in hdrs.METH_ALL else "_OTHER"
            spans.send(
                Span(
                    name=f"{method} {route}" if route else method,
                    kind="server",
                    trace_id=trace_id,
                    span_id=span_id,
                    parent_id=parent,
                    began=began,
                    ended=began + timedelta(seconds=clock.monotonic() - since),
                    attributes=_attributes(method, route, status, request.scheme),
                    error=str(status) if status is not None and status >= 500 else None,
                    correlation_id=correlation,
                )
            )

    return trace


def _attributes(method: str, route: str | None, status: int | None, scheme: str) -> dict[str, Attribute]:
    return {
        "http.request.method": method,
        "url.scheme": scheme,
        **({"http.route": route} if route else {}),
        **({"http.response.status_code": status} if status is not None else {}),
    }
