"""A running service for each test of the API."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from tests.support.command_line import Command, run_here
from tests.support.logs import quiet
from tests.support.service import Running, running

from opencode_ledger.http.settings import Settings

__all__ = ["quiet"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", max_agents=8)


@pytest.fixture
async def api(settings: Settings, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings, tmp_path / "home") as service:
        yield service


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return partial(asyncio.to_thread, run_here, monkeypatch, capsys)
