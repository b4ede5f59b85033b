"""A deadline for every test of the actors: nobody waits for ever is the very thing they show."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.actors.town import Town
from tests.support.logs import quiet

__all__ = ["quiet"]


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    """A service in memory, ended after the test; the end itself must not hang."""
    made = Town()
    yield made
    closing = asyncio.create_task(made.supervisor.close())
    while not closing.done():
        await made.clock.advance(1)
    await closing
    assert made.agents.alive == []
    assert made.slots.busy == made.slots.queued == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
