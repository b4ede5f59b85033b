"""Sends spans to an OTLP collector. This is the only module that uses OpenTelemetry's packages, which are optional.

The collector is named by OpenTelemetry's own variables, `OTEL_…`. Spans wait in a bounded queue, and a thread sends them.
If the collector is slow or gone, the queue fills and later spans are dropped: the service never waits for it.
"""

import asyncio
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Final
from urllib.parse import unquote

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from ...domain.secrets.masker import Secrets
from ...projections.traces.span import Attribute, Span

log = structlog.get_logger()

LAST_WORDS: Final = 1.5
"""Seconds at the end for the spans that still wait."""

_MOST_REQUESTS: Final = 10_000
"""Requests whose spans can still be linked to. The least recent are forgotten first."""

_NAME: Final = "opencode-ledger"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Final = {"internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT, "server": SpanKind.SERVER}
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_SHORTEST_SECRET: Final = 8


class SpanExport:
    """Takes spans, and sends them in the background."""

    def __init__(self, exporter: SpanExporter, secrets: Secrets) -> None:
        named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
        own = {"service.version": version(_NAME)} | ({} if named else {"service.name": _NAME})
        provider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
        self._resource, self._sampler, self._secrets = provider.resource, provider.sampler, secrets
        self._exporter, self._processor = exporter, BatchSpanProcessor(exporter)
        self._scope = InstrumentationScope(_NAME, version(_NAME))
        self._requests: OrderedDict[str, SpanContext] = OrderedDict()

    def begin_request(self, correlation_id: str, trace_id: str, span_id: str) -> None:
        """Have what follows from a request linked to the request's span."""
        self._requests[correlation_id] = _context(trace_id, span_id)
        if len(self._requests) > _MOST_REQUESTS:
            self._requests.popitem(last=False)

    def send(self, span: Span) -> None:
        """Queue a finished span, unless its trace isn't sampled (`OTEL_TRACES_SAMPLER`)."""
        context = _context(span.trace_id, span.span_id)
        if self._sampler.should_sample(None, context.trace_id, span.name).decision is not Decision.RECORD_AND_SAMPLE:
            return
        self._processor.on_end(
            ReadableSpan(
                name=self._secrets.mask(span.name),
                context=context,
                parent=_context(span.trace_id, span.parent_id) if span.parent_id else None,
                resource=self._resource,
                attributes=self._attributes(span),
                links=self._links(span),
                kind=_KINDS[span.kind],
                status=Status(StatusCode.ERROR if span.error else StatusCode.UNSET),
                start_time=_nanoseconds(span.began),
                end_time=_nanoseconds(span.ended),
                instrumentation_scope=self._scope,
            )
        )

    async def close(self) -> None:
        """Send what still waits, for at most `LAST_WORDS` seconds."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        send_the_last: Callable[[], None] = self._processor.shutdown

        def end() -> None:
            send_the_last()
            with suppress(RuntimeError):  # the loop ended long ago
                loop.call_soon_threadsafe(over.set)

        # A daemon, because a request that hangs can't be cancelled and must not keep the process.
        threading.Thread(target=end, name="traces: the last spans", daemon=True).start()
        try:
            await asyncio.wait_for(over.wait(), LAST_WORDS)
        except TimeoutError:
            log.warning("the last traces could not be sent: the collector did not answer in time")
            _INTO_THE_LOG.over = True
            self._exporter.shutdown()  # so that no retry goes on

    def _attributes(self, span: Span) -> dict[str, Attribute]:
        error = {"error.type": span.error} if span.error else {}
        given = {"opencode_ledger.correlation_id": span.correlation_id} if span.correlation_id else {}
        return {name: self._masked(value) for name, value in {**span.attributes, **error, **given}.items()}

    def _masked(self, value: Attribute) -> Attribute:
        return self._secrets.mask(value) if isinstance(value, str) else value

    def _links(self, span: Span) -> tuple[Link, ...]:
        known = self._requests.get(span.correlation_id) if span.correlation_id and span.kind != "server" else None
        return (Link(known),) if known else ()


def otlp_export(secrets: Secrets) -> SpanExport | None:
    """The export to the collector that the environment names; None if the environment turns it off. Never raises."""
    reason = _turned_off(os.environ)
    if reason is not None:
        log.warning("no traces are exported", reason=reason)
        return None
    secrets.learn("OpenTelemetry", _secret_headers(os.environ))
    logger = logging.getLogger("opentelemetry")
    logger.addHandler(_INTO_THE_LOG)
    logger.propagate = False
    _INTO_THE_LOG.begin()
    try:
        return SpanExport(OTLPSpanExporter(), secrets)
    except Exception as error:
        log.warning("no traces are exported", reason=f"a variable OTEL_… can't be used: {error}")
        return None


def _turned_off(environment: Mapping[str, str]) -> str | None:
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return "OTEL_SDK_DISABLED is true"
    if (kind := environment.get("OTEL_TRACES_EXPORTER", "otlp").strip() or "otlp") != "otlp":
        return f"OTEL_TRACES_EXPORTER is {kind}; the only exporter here is otlp"
    protocols = (environment.get(f"OTEL_EXPORTER_OTLP_{part}PROTOCOL", "").strip() for part in ("TRACES_", ""))
    if (protocol := next(filter(None, protocols), "http/protobuf")) != "http/protobuf":
        return f"the protocol {protocol} is not supported; set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf"
    return None


def _secret_headers(environment: Mapping[str, str]) -> list[str]:
    """The values of the headers that the collector is sent: often a key."""
    given = ",".join(environment.get(f"OTEL_EXPORTER_OTLP_{part}HEADERS", "") for part in ("TRACES_", ""))
    values = (unquote(header.partition("=")[2]).strip() for header in given.split(","))
    words = [word for value in values for word in (value, value.rpartition(" ")[2])]
    return [word for word in words if len(word) >= _SHORTEST_SECRET]


class _IntoTheLog(logging.Handler):
    """OpenTelemetry's own warnings as lines of the service's log, without traces of Python. Repetitions are left out."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.begin()

    def begin(self) -> None:
        """A new export: nothing was said yet, and its end neither."""
        self._last, self.over = "", False

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        kind = record.msg if isinstance(record.msg, str) else record.name
        if kind != self._last and not self.over:
            self._last = kind
            reason = record.getMessage()
            if record.exc_info and record.exc_info[1] is not None:
                reason = f"{reason} {record.exc_info[1]}"
            log.warning("traces could not be exported", reason=reason[:500])


_INTO_THE_LOG: Final = _IntoTheLog()


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=_SAMPLED)


def _nanoseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000
