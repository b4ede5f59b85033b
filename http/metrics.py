"""What Prometheus scrapes: how the service is doing, in numbers.

Answers and committed events are counted as they come; all else is read at the moment of the scrape. Names, units and
meanings are the help texts here, which `/metrics` carries.
"""

from functools import cache
from time import perf_counter
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from ..domain.events.recorded import RecordedEvent

# When a number was first counted is nobody's question.
disable_created_metrics()  # type: ignore[no-untyped-call]  # it says nothing of what it returns: nothing
_PREFIX: Final = "opencode_ledger"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The numbers of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._answers = Counter(
            f"{_PREFIX}_http_answers",
            "Answers given, by the method and address of the request and the status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            f"{_PREFIX}_command_seconds",
            "How long a command takes, from the head of its request to its answer; what it does is durable by then.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._counted: dict[tuple[str, web.AbstractResource | None, int], Counter] = {}
        self._events = Counter(
            f"{_PREFIX}_events_committed", "Events committed, by their topic.", ("topic",), registry=self.registry
        )
        self._gauges = {
            name: Gauge(f"{_PREFIX}_{name}", text, labels, registry=self.registry) for name, text, labels in _GAUGES
        }

    def committed(self, events: tuple[RecordedEvent, ...]) -> None:
        """Count events that were just committed."""
        for event in events:
            self._events.labels(event.topic).inc()

    def timed(self, method: str, route: str, handler: Handler) -> Handler:
        """A handler that does the same, and is timed."""
        # Not made before it is needed: a command that nobody uses has no numbers.
        seconds = cache(lambda: self._seconds.labels(method, route))

        async def handle(request: web.Request) -> web.StreamResponse:
            begun = perf_counter()
            try:
                return await handler(request)
            finally:
                seconds().observe(perf_counter() - begun)

        return handle

    async def answered(self, request: web.BaseRequest, answer: web.StreamResponse) -> None:
        """Count an answer that is about to be sent."""
        if not isinstance(request, web.Request):
            return
        resource = request.match_info.route.resource
        # Strangers can invent methods and addresses, but no numbers of ours by it.
        key = (request.method if resource else "any", resource, answer.status)
        if key not in self._counted:
            self._counted[key] = self._answers.labels(key[0], resource.canonical if resource else "none", key[2])
        self._counted[key].inc()

    def set(self, name: str, value: float, label: str | None = None) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge if label is None else gauge.labels(label)).set(value)

    def clear(self, name: str) -> None:
        """Forget a gauge's labels: what isn't there any more has no number."""
        self._gauges[name].clear()


_GAUGES: Final = (
    ("log_position", "The position of the newest event of the log.", ()),
    ("views_position", "The position of the newest event that the views show.", ()),
    ("tree_size", "How many events the tree of the log covers.", ()),
    ("log_writable", "1 where the log can be written, else 0.", ()),
    ("agents_available", "1 where agents can be started, else 0.", ()),
    ("codebases", "Registered codebases.", ()),
    ("agents", "Codebases by the phase of their agent.", ("phase",)),
    ("sessions", "Sessions by status.", ("status",)),
    ("tasks", "Tasks by status.", ("status",)),
    ("rooms_taken", "Codebases at work, of at most rooms.", ()),
    ("rooms", "How many codebases may be at work at once.", ()),
    ("rooms_waited_for", "Codebases that wait for room.", ()),
    ("streams_open", "Event streams that are open.", ()),
    ("streams_waiting_bytes", "Bytes that wait for readers of event streams.", ()),
    ("streams_recalled", "How often a slow reader was sent back to the log, since the start.", ()),
)
