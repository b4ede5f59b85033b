"""The metrics of the service for Prometheus.

Responses and committed events are counted when they happen. All other numbers are read when they are scraped. The help
texts here, which `/metrics` carries, give their meanings and units.
"""

import platform
from functools import cache
from importlib.metadata import version
from time import perf_counter
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from ..domain.events.recorded import RecordedEvent
from ..domain.ids import Timestamp
from ..domain.ports import Clock
from ..domain.timestamps import moment_of
from .run_metrics import RunMetrics

# Nobody asks when a number was first counted.
disable_created_metrics()  # type: ignore[no-untyped-call]  # it says nothing of what it returns: nothing
_PREFIX: Final = "opencode_ledger"
_BUILD: Final = {"version": version("opencode-ledger"), "python": platform.python_version()}
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The metrics of one service, in a registry of its own. `prefix`: what addresses may begin with, and routes don't."""

    def __init__(self, clock: Clock, prefix: str = "") -> None:
        self._clock, self._prefix = clock, prefix
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._answers = Counter(
            f"{_PREFIX}_http_responses",
            "HTTP responses by method, route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            f"{_PREFIX}_command_seconds",
            "Duration of commands in seconds, from the request's head to the response. Its effect is durable by then.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._counted: dict[tuple[str, web.AbstractResource | None, int], Counter] = {}
        self._events = Counter(
            f"{_PREFIX}_events_committed", "Committed events by topic.", ("topic",), registry=self.registry
        )
        self._lags = Counter(
            f"{_PREFIX}_stream_lags",
            "How often a reader of an event stream was too slow for live events and was switched back to the log.",
            registry=self.registry,
        )
        self._counted_lags = 0
        self._runs = RunMetrics(_PREFIX, self.registry)
        Info(f"{_PREFIX}_build", "The version of this server, and of its Python.", registry=self.registry).info(_BUILD)
        self._gauges = {
            name: Gauge(f"{_PREFIX}_{name}", text, labels, registry=self.registry) for name, text, labels in _GAUGES
        }

    def committed(self, events: tuple[RecordedEvent, ...]) -> None:
        """Count newly committed events."""
        for event in events:
            self._events.labels(event.topic).inc()
            self._runs.committed(event)

    def timed(self, method: str, route: str, handler: Handler) -> Handler:
        """The same handler, with its duration measured."""
        # Made when first needed: a command that nobody uses has no series.
        seconds = cache(lambda: self._seconds.labels(method, route))

        async def handle(request: web.Request) -> web.StreamResponse:
            begun = perf_counter()
            try:
                return await handler(request)
            finally:
                seconds().observe(perf_counter() - begun)

        return handle

    async def answered(self, request: web.BaseRequest, answer: web.StreamResponse) -> None:
        """Count a response that is about to be sent."""
        if not isinstance(request, web.Request):
            return
        resource = request.match_info.route.resource
        # A client can invent methods and addresses, but must not create series with them.
        key = (request.method if resource else "any", resource, answer.status)
        if key not in self._counted:
            route = resource.canonical.removeprefix(self._prefix) or "/" if resource else "none"
            self._counted[key] = self._answers.labels(key[0], route, key[2])
        self._counted[key].inc()

    def set(self, name: str, value: float, label: str | None = None) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge if label is None else gauge.labels(label)).set(value)

    def set_age(self, name: str, since: Timestamp | None) -> None:
        """Set a gauge to the seconds since a moment, and to 0 without one."""
        age = (self._clock.now() - moment_of(since)).total_seconds() if since else 0.0
        self.set(name, max(age, 0.0))

    def clear(self, name: str) -> None:
        """Remove all labels of a gauge: what no longer exists has no series."""
        self._gauges[name].clear()

    def set_lags(self, total: int) -> None:
        """Set how many lags of readers the streams have counted since the start."""
        self._lags.inc(total - self._counted_lags)
        self._counted_lags = total


_GAUGES: Final = (
    ("log_position", "Position of the newest event in the log.", ()),
    ("views_position", "Position of the newest event that the views show.", ()),
    ("tree_size", "Number of events in the log's Merkle tree.", ()),
    ("log_writable", "1 if the log can be written, else 0.", ()),
    ("agents_available", "1 if agents can be started, else 0.", ()),
    ("codebases", "Registered codebases.", ()),
    ("agents", "Codebases by the phase of their agent.", ("phase",)),
    ("sessions", "Sessions by status.", ("status",)),
    ("tasks", "Tasks by status.", ("status",)),
    ("permissions_waiting", "Open permission requests and questions of agents.", ()),
    ("permission_oldest_seconds", "Seconds since the oldest of them was asked. 0 if none is open.", ()),
    ("task_oldest_seconds", "Seconds since the oldest pending task was created. 0 if none is pending.", ()),
    ("data_bytes", "Size of each database in the data directory, with the files beside it.", ("database",)),
    ("disk_free_bytes", "Free space on the disk of the data directory.", ()),
    ("agent_slots", "Maximum number of running agents (--max-agents).", ()),
    ("agent_slots_used", "Slots in use by agents.", ()),
    ("agent_slots_waiting", "Codebases that wait for a free slot.", ()),
    ("streams_open", "Open event streams.", ()),
    ("streams_pending_bytes", "Bytes that readers of event streams have not taken yet.", ()),
)
