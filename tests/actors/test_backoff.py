"""An agent that fails again and again doesn't use up the queue: it rests, longer each time, and nobody else waits."""

import asyncio
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.actors.test_queue import close
from tests.actors.town import A, B, Town

from opencode_ledger.actors.twins.virtual_clock import settle
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.backoff import LONGEST, backoff_after
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.errors import StoreError
from opencode_ledger.domain.ids import TaskId


async def queue(town: Town, count: int) -> None:
    """Queue this number of tasks for an agent that can't be started."""
    town.agents.temper.start_error = "out of processes"
    for number in range(count):
        await town.do(A, c.CreateTask(task_id=TaskId(f"task_{number}"), title="t", prompt=str(number)))


async def failures(town: Town) -> list[datetime]:
    """The moments at which tasks failed."""
    events = await town.events(A)
    return [datetime.fromisoformat(event.timestamp) for event in events if isinstance(event, e.TaskFailed)]


async def messages(town: Town) -> list[str]:
    """What was said of the agent's state, the latest last."""
    return [event.message for event in await town.events(A) if isinstance(event, e.Status)]


@given(st.integers(0, 10_000))
def test_rests_grow_up_to_a_limit(count: int) -> None:
    """One failure makes nobody wait; each further one no less than the one before, and never more than the limit."""
    assert 0 <= backoff_after(count) <= backoff_after(count + 1) <= LONGEST
    assert (backoff_after(count) == 0) is (count < 2)


async def test_a_queue_is_not_used_up_by_an_agent_that_can_not_start(town: Town) -> None:
    """Of many tasks few are tried while the agent fails, each after a longer rest, and the stream says for how long."""
    await town.register(A)
    await queue(town, 100)
    assert len(await failures(town)) == 2
    assert (await messages(town))[-1] == "Agent failed 2 times in a row; the queue waits 2 s"
    await town.clock.advance(3600)
    waits = [(later - former).total_seconds() for former, later in pairwise(await failures(town))]
    assert waits == [backoff_after(n) for n in range(1, len(waits) + 1)]
    assert waits[-1] == LONGEST
    assert len(waits) < 25
    assert len(town.actors[A].state.queue) == 100 - len(waits) - 1
    assert town.slots.busy == town.slots.queued == 0
    await town.assert_truthful()


async def test_a_trigger_does_not_wait_and_its_success_ends_the_rest(town: Town) -> None:
    """While the queue rests a person's trigger starts at once; once it is completed the queue goes on at once."""
    await town.register(A)
    await queue(town, 10)
    await town.clock.advance(20)
    town.agents.temper.start_error = None
    assert await town.do(A, town.trigger("mine")) is Phase.RUNNING
    await town.clock.advance(LONGEST)
    await town.agents.of(A).end()
    await settle()
    assert town.actors[A].state.failures == 0
    assert [prompt.text for prompt in town.agents.of(A).given] == ["mine", "5"]


async def test_a_trigger_that_could_not_be_recorded_leaves_the_queue_as_it_was(town: Town) -> None:
    """A trigger that comes while the queue rests and fails for the disk takes no room; the queue goes on after its rest."""
    await town.register(A)
    await queue(town, 5)
    town.store.failing = True
    with pytest.raises(StoreError):
        await town.do(A, town.trigger())
    assert town.slots.busy == 0
    town.store.failing, town.agents.temper.start_error = False, None
    await town.clock.advance(LONGEST)
    assert town.phase(A) is Phase.RUNNING


async def test_a_rest_that_ends_while_a_trigger_is_recorded(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trigger that is on its way into the log as the rest ends keeps its room: nobody else gets it besides."""
    town.slots.limit = 1
    await town.register(A, B)
    await queue(town, 2)
    town.agents.temper.start_error = None
    append, written = town.store.append, asyncio.Event()

    async def slow(*what: Any) -> Any:
        await written.wait()
        return await append(*what)

    monkeypatch.setattr(town.store, "append", slow)
    trigger = town.ask(A, town.trigger())
    await town.clock.advance(LONGEST)
    written.set()
    await trigger
    assert town.phase(A) is Phase.RUNNING
    assert await town.do(B, town.trigger()) is Phase.WAITING


async def test_others_are_not_held_up(town: Town) -> None:
    """While one codebase's queue rests it takes no room from the others."""
    town.slots.limit = 1
    await town.register(A, B)
    await queue(town, 5)
    town.agents.temper.start_error = None
    assert await town.do(B, town.trigger()) is Phase.RUNNING


async def test_a_restart_tries_at_once() -> None:
    """Who starts the server again may have mended the agent: the next task is tried without a rest."""
    before = Town()
    await before.register(A)
    await queue(before, 5)
    town = await before.crash()
    town.agents.temper.start_error = None
    await town.start([A])
    assert town.phase(A) is Phase.RUNNING
    assert town.actors[A].state.failures == 2
    await close(town)
