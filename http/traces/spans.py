"""Where spans go: the port between what makes them and OpenTelemetry's packages, which are optional."""

from typing import Final, Protocol

import structlog

from ...domain.secrets.masker import Secrets
from ...projections.traces.span import Span

log = structlog.get_logger()

MISSING: Final = (
    "--traces needs the extra `otel`, which is not installed: pip install 'opencode-ledger[otel]'. The service runs without "
    "traces."
)


class Spans(Protocol):
    """Takes finished spans. Never waits, and never raises."""

    def begin_request(self, correlation_id: str, trace_id: str, span_id: str) -> None:
        """Have what follows from a request linked to the request's span."""
        ...

    def send(self, span: Span) -> None:
        """Take a finished span."""
        ...

    async def close(self) -> None:
        """Send what still waits, within a limit."""
        ...


def open_spans(secrets: Secrets) -> Spans | None:
    """The export of spans; None, with a line in the log, if it isn't possible."""
    try:
        from .export import otlp_export  # noqa: PLC0415  # optional, and slow to import
    except ImportError:
        log.warning(MISSING)
        return None
    return otlp_export(secrets)
