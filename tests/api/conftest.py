"""A running service for each test of the API."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from tests.support.service import Running, running

from opencode_ledger.http.settings import Settings


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Failures that a test makes on purpose are not news."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.reset_defaults()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", max_agents=8)


@pytest.fixture
async def api(settings: Settings, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings, tmp_path / "home") as service:
        yield service
