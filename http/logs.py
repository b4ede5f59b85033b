"""The service's own log of its doings: on standard error alone, as text for a terminal and as JSON lines otherwise.

Stack traces are plain: the values of variables, which may be secrets, are never in them.
"""

import logging
import sys

import structlog
from structlog.typing import Processor


def log_to_stderr() -> None:
    """Send what we and our libraries log to standard error."""
    terminal = sys.stderr.isatty()
    named: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    told: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if terminal
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
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
