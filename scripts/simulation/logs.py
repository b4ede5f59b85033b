"""What the service says in its log lines: nothing that nobody foresaw, whatever happens around it."""

import logging
import sqlite3
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeAlias

import structlog

from opencode_ledger.domain.errors import StoreError, WrongExpectedVersion

from .ground import OurMistake

Unforeseen: TypeAlias = Callable[[str], None]

FORESEEN = (StoreError, OurMistake, sqlite3.OperationalError)
"""What the simulation brings about: a disk that fails, files that fail, a mistake in the middle of an append."""


@contextmanager
def listening(unforeseen: Unforeseen) -> Generator[None]:
    """Hear every line for the length of a block; those with an exception that no planned fault caused are reported."""

    def hear(_logger: object, _method: str, line: structlog.typing.EventDict) -> str:
        error = line.get("exc_info")
        if error:
            _judge(unforeseen, str(line.get("event")), error)
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[hear], cache_logger_on_first_use=False)
    root, ear = logging.getLogger(), _Ear(unforeseen)
    level, handlers = root.level, root.handlers
    root.handlers = [ear]
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)
        structlog.configure(**before)


class _Ear(logging.Handler):
    def __init__(self, unforeseen: Unforeseen) -> None:
        super().__init__()
        self._unforeseen = unforeseen

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        if record.exc_info:
            _judge(self._unforeseen, record.getMessage(), record.exc_info[1])


def _judge(unforeseen: Unforeseen, what: str, given: object) -> None:
    error = given if isinstance(given, BaseException) else sys.exc_info()[1]
    if not isinstance(error, FORESEEN) or isinstance(error, WrongExpectedVersion):
        unforeseen(f"{what}: {error!r}")
