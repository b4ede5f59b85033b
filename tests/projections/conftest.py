"""Every set of views that a test opens is closed after it, also when the test fails; and what was logged."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from opencode_ledger.projections.runner import Projections


@pytest.fixture
def logs() -> Iterator[list[EventDict]]:
    """What is logged during the test."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture(autouse=True)
async def _views_are_closed(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    opened: list[Projections] = []
    make = Projections.__init__

    def remember(self: Projections, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        opened.append(self)

    monkeypatch.setattr(Projections, "__init__", remember)
    yield
    for projections in opened:
        await projections.close()
