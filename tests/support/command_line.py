"""Command lines that run to their end within a test's process."""

import sys
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest

from opencode_ledger.http.cli.main import main

from .process import Ended

Command: TypeAlias = Callable[..., Awaitable[Ended]]
"""Runs a command line beside the event loop, as another process would."""

Captured: TypeAlias = pytest.CaptureFixture[str] | pytest.CaptureFixture[bytes]


def unwatched(_done: int, _of: int) -> None:
    """Progress that nobody watches."""


def run_here(monkeypatch: pytest.MonkeyPatch, captured: Captured, *arguments: object) -> Ended:
    """What a command line printed, and how it ended."""
    monkeypatch.setattr(sys, "argv", ["opencode-ledger", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    written = captured.readouterr()
    return Ended(int(end.value.code or 0), _text(written.out), _text(written.err))


def _text(written: str | bytes) -> str:
    return written.decode() if isinstance(written, bytes) else written
