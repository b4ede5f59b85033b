"""An agent whose doings can't be recorded is ended, and the log says so as soon as it can."""

import asyncio

import pytest
from tests.actors.town import A, Town, outcome, running

from opencode_ledger.actors.twins.virtual_clock import settle
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.errors import StoreError


@pytest.mark.parametrize("command", [c.Stop(), c.Interrupt(), c.Delete()])
async def test_who_asks_for_an_end_that_cannot_be_recorded_gets_the_agent_ended(town: Town, command: c.Command) -> None:
    """They learn that it is not recorded; the agent is ended all the same, and the log says so when it can."""
    await running(town, A)
    said = asyncio.create_task(town.agents.of(A).say("Hello"))
    await settle()
    town.store.failing = True
    more = asyncio.create_task(town.agents.of(A).say("and more"))
    asked = town.ask(A, command)
    await town.clock.advance(1)
    assert isinstance(await outcome(asked), StoreError)
    assert town.agents.alive == []
    town.store.failing = False
    await town.clock.advance(2)
    await asyncio.gather(said, more)
    assert town.phase(A) is Phase.INTERRUPTED
    (error,) = [x for x in await town.events(A) if isinstance(x, e.Error)]
    assert error.code == "AGENT_CRASHED" and "ended on request" in error.error
    assert [x.content for x in await town.events(A) if isinstance(x, e.Output)] == ["Hello", "and more"]
    assert await town.do(A, town.message()) is Phase.RUNNING
    await town.assert_truthful()


async def test_an_agent_that_cannot_be_recorded_is_ended_after_a_limit(town: Town) -> None:
    """It goes on for a while, as logs recover; then it is ended, and its session is interrupted when that can be said."""
    await running(town, A)
    town.store.failing = True
    said = asyncio.create_task(town.agents.of(A).say("Hello"))
    await town.clock.advance(town.settings.unrecorded_limit - 2)
    assert len(town.agents.alive) == 1
    await town.clock.advance(5)
    assert town.agents.alive == [] and town.phase(A) is Phase.RUNNING
    town.store.failing = False
    await town.clock.advance(2)
    await said
    assert town.phase(A) is Phase.INTERRUPTED
    await town.assert_truthful()
