"""The metrics of what agents do, counted when their events are committed: tokens, cost, and how long runs take."""

from datetime import datetime
from typing import Any, Final

import orjson
from prometheus_client import CollectorRegistry, Counter, Histogram

from ..domain.events.recorded import RecordedEvent
from ..domain.timestamps import moment_of

_SECONDS: Final = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800)
_BEGIN: Final = frozenset({"started", "admitted", "resumed"})
_END: Final = frozenset({"interrupted", "stopped", "completed", "failed"})


class RunMetrics:
    """Counts only what happens while this server runs, as Prometheus expects of a counter."""

    def __init__(self, prefix: str, registry: CollectorRegistry) -> None:
        self._tokens = Counter(f"{prefix}_tokens", "Tokens that agents used, by kind.", ("kind",), registry=registry)
        self._cost = Counter(
            f"{prefix}_cost_dollars", "US dollars that agents spent, as opencode computes them.", registry=registry
        )
        self._runs = Histogram(
            f"{prefix}_session_run_seconds",
            "Duration of a session's runs in seconds, from when its agent may start, by how the run ended. A message that "
            "resumes a session begins another run.",
            ("end",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._begun: dict[str, datetime] = {}

    def committed(self, event: RecordedEvent) -> None:
        """Count a newly committed event."""
        if event.topic == "usage":
            self._used(orjson.loads(event.data))
        elif event.topic == "session":
            self._session(orjson.loads(event.data))

    def _used(self, usage: dict[str, Any]) -> None:
        for kind, number in usage["tokens"].items():
            self._tokens.labels(kind).inc(max(number, 0))
        self._cost.inc(max(usage["cost"], 0))

    def _session(self, session: dict[str, Any]) -> None:
        action, name = session["action"], session["session_id"]
        if action in _BEGIN and not session.get("waiting"):
            self._begun[name] = moment_of(session["timestamp"])
        elif action in _END and (begun := self._begun.pop(name, None)) is not None:
            seconds = (moment_of(session["timestamp"]) - begun).total_seconds()
            self._runs.labels(action).observe(max(seconds, 0))
