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
from ..domain.visible_text import one_line, visible
from .cli.way_out import past_of


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
        *([_shown] if terminal else []),
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*named, *told],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=structlog.PrintLoggerFactory(file=past_of(sys.stderr)),
    )
    libraries = logging.StreamHandler(past_of(sys.stderr))
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


def _shown(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What keeps all that is told from steering a terminal: lines are within a traceback alone."""
    return {one_line(name): _seen(name, value) for name, value in event.items()}


def _seen(name: str, value: object) -> object:
    if value is None or isinstance(value, int | float):
        return value
    return visible(str(value)) if name in ("exception", "stack") else one_line(str(value))
