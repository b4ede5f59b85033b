"""`GET /metrics`, which Prometheus scrapes: metrics that are counted all the time, and those read now."""

import asyncio
from typing import Final

from aiohttp import web
from prometheus_client import generate_latest

from .service import Service

TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


async def scrape(service: Service, request: web.Request) -> web.Response:
    """The metrics of the service for Prometheus."""
    counts = await service.projections.views.counts()  # without waiting: a metric shows how far the views are behind
    metrics = service.metrics
    metrics.set("log_position", service.store.head)
    metrics.set("views_position", service.projections.applied)
    metrics.set("tree_size", service.tree.size)
    metrics.set("log_writable", await service.store.trouble() is None)
    metrics.set("agents_available", await service.agents.condition(0.0) is None)
    metrics.set("codebases", counts.codebases)
    for name, by_label in (("agents", counts.agents), ("sessions", counts.sessions), ("tasks", counts.tasks)):
        metrics.clear(name)
        for label, number in by_label.items():
            metrics.set(name, number, label)
    metrics.set("agent_slots", service.slots.limit)
    metrics.set("agent_slots_used", service.slots.busy)
    metrics.set("agent_slots_waiting", service.slots.queued)
    metrics.set("streams_open", service.streams.open)
    metrics.set("streams_pending_bytes", service.streams.waiting)
    metrics.set_lags(service.streams.recalls)
    numbers = await asyncio.to_thread(generate_latest, metrics.registry)  # it reads files of the system
    return web.Response(body=numbers, headers={"Content-Type": TYPE})
