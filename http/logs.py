"""Logging: to standard error only, as text for a terminal and as JSON Lines otherwise.

Stack traces never contain the values of variables, which may be secrets. Everywhere else, known secrets and text that looks
like one are masked.
"""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from ..domain.secrets.masked_records import masked_value
from ..domain.secrets.masker import Secrets
from ..domain.visible_text import one_line, visible
from .cli.way_out import underlying


def log_nothing() -> None:
    """Drop all log lines: the offline commands report in words of their own what they can't read."""
    logging.getLogger("opencode_ledger").addHandler(logging.NullHandler())
    structlog.configure(processors=[_drop], logger_factory=structlog.ReturnLoggerFactory())


def log_to_stderr(secrets: Secrets) -> None:
    """Send the log lines of the service and of its libraries to standard error."""
    terminal = sys.stderr.isatty()
    named: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[Processor] = [
        structlog.processors.format_exc_info,
        _masking(secrets),
        *([_shown] if terminal else []),
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*named, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=structlog.PrintLoggerFactory(file=underlying(sys.stderr)),
    )
    libraries = logging.StreamHandler(underlying(sys.stderr))
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=named, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering]
        )
    )
    logging.basicConfig(handlers=[libraries], level=logging.WARNING, force=True)


def _drop(_: WrappedLogger, __: str, ___: EventDict) -> EventDict:
    raise structlog.DropEvent


def _masking(secrets: Secrets) -> Processor:
    """The processor that masks all values, after they are text and before they are rendered as a line."""

    def mask(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {name: masked_value(value, secrets.masker) for name, value in event.items()}

    return mask


def _shown(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The processor that keeps log lines from steering a terminal. Only tracebacks have several lines."""
    return {one_line(name): _seen(name, value) for name, value in event.items()}


def _seen(name: str, value: object) -> object:
    if value is None or isinstance(value, int | float):
        return value
    return visible(str(value)) if name in ("exception", "stack") else one_line(str(value))
