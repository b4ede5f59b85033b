"""`GET /metrics`, which Prometheus scrapes: metrics that are counted all the time, and those read now."""

import asyncio
import shutil
from pathlib import Path
from typing import Final

from aiohttp import web
from prometheus_client import generate_latest

from ...actors.store.outputs.schema import OUTPUTS_NAME
from ...projections.views.views import Views
from ..data_directory import LOG_NAME, MOMENTS_NAME, TREE_NAME, VIEWS_NAME
from ..metrics import Metrics
from .service import Service

TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

DATABASES: Final = (LOG_NAME, OUTPUTS_NAME, VIEWS_NAME, MOMENTS_NAME, TREE_NAME)
BESIDE: Final = ("", "-wal", "-shm")
"""What SQLite adds to the name of a database for the files beside it."""


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
    await _set_waiting(metrics, service.projections.views)
    await _set_sizes(metrics, service.settings.data)
    metrics.set("agent_slots", service.slots.limit)
    metrics.set("agent_slots_used", service.slots.busy)
    metrics.set("agent_slots_waiting", service.slots.queued)
    metrics.set("streams_open", service.streams.open)
    metrics.set("streams_pending_bytes", service.streams.waiting)
    metrics.set_lags(service.streams.recalls)
    numbers = await asyncio.to_thread(generate_latest, metrics.registry)  # it reads files of the system
    return web.Response(body=numbers, headers={"Content-Type": TYPE})


async def _set_waiting(metrics: Metrics, views: Views) -> None:
    """Set what waits for people or for agents, and for how long."""
    waiting = await views.waiting()
    metrics.set("permissions_waiting", waiting.permissions)
    metrics.set_age("permission_oldest_seconds", waiting.oldest_permission)
    metrics.set_age("task_oldest_seconds", waiting.oldest_task)


async def _set_sizes(metrics: Metrics, data: Path) -> None:
    """Set the sizes of the databases, and the space that is left for them."""
    sizes, free = await asyncio.to_thread(_sizes, data)
    for name, size in sizes.items():
        metrics.set("data_bytes", size, name)
    metrics.set("disk_free_bytes", free)


def _sizes(data: Path) -> tuple[dict[str, int], int]:
    files = {name: [data / f"{name}{end}" for end in BESIDE] for name in DATABASES}
    sizes = {name: sum(file.stat().st_size for file in some if file.exists()) for name, some in files.items()}
    return sizes, shutil.disk_usage(data).free
