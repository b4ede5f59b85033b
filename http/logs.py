"""The service's own log of its doings: on standard error alone, as text for a terminal and as JSON lines otherwise.

Stack traces are plain: the values of variables, which may be secrets, are never in them. What is known to be secret,
or looks like it, is masked wherever else it stands.
"""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from ..domain.secrets.masked_records import masked_value
from ..domain.secrets.masker import Secrets


def log_to_stderr(secrets: Secrets) -> None:
    """Send what we and our libraries log to standard error."""
    terminal = sys.stderr.isatty()
    named: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    told: list[Processor] = [
        structlog.processors.format_exc_info,
        _masking(secrets),
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*named, *told],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=named, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *told]
        )
    )
    logging.basicConfig(handlers=[libraries], level=logging.WARNING, force=True)


def _masking(secrets: Secrets) -> Processor:
    """What masks all that is told, when it has become text and before it becomes a line."""

    def mask(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {name: masked_value(value, secrets.masker) for name, value in event.items()}

    return mask
