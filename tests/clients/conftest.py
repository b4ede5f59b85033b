"""node, for the tests that need it."""

import pytest

from .programs import node_with_packages


@pytest.fixture
async def node() -> str:
    """The node program, with the packages beside this file installed."""
    return await node_with_packages()
