"""A running service for each test of the API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
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
