"""One walk through the workflow for all tests of this folder that look at it."""

import asyncio
import shutil

import pytest
from scripts.demo_session.stage import find_opencode

from .walk import Walk, walk


@pytest.fixture(scope="session")
def real_agent() -> None:
    """Skips where the real agent or curl is missing."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed; it types the document's lines")
    if find_opencode() is None:
        pytest.skip("opencode was not found; ./scripts/test fetches it")


@pytest.fixture(scope="session")
def walked(real_agent: None, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """What was seen on the walk."""
    return asyncio.run(walk(tmp_path_factory.mktemp("walk")))
