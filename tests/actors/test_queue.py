"""Queued tasks in a whole service: who starts when, with how much room, and what becomes of them when things go wrong."""

import asyncio

import pytest
from tests.actors.town import A, B, C, Town, outcome, running

from opencode_ledger.actors.twins.scripted_agent import ScriptedAgent
from opencode_ledger.actors.twins.virtual_clock import settle
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.backoff import backoff_after
from opencode_ledger.domain.codebase.effects import Prompt
from opencode_ledger.domain.codebase.lifecycle_rules import Phase
from opencode_ledger.domain.errors import AgentRunning, StoreError, TaskEnded
from opencode_ledger.domain.ids import CodebaseId, TaskId


def create(name: str, priority: int = 0) -> c.CreateTask:
    """A task to queue."""
    return c.CreateTask(task_id=TaskId(f"task_{name}"), title=name, prompt=name, priority=priority)


def cancel(name: str) -> c.CancelTask:
    """A wish not to have it done."""
    return c.CancelTask(task_id=TaskId(f"task_{name}"))


def given_prompts(town: Town, codebase: CodebaseId) -> list[str]:
    """What the agents of a codebase were given, in order."""
    return [prompt.text for agent in town.agents.made if agent.codebase == codebase for prompt in agent.given]


async def ended(town: Town, codebase: CodebaseId, kind: type[e.Event]) -> list[str | None]:
    """The tasks of which there is an event of this kind."""
    return [event.task_id for event in await town.events(codebase) if isinstance(event, kind)]


async def close(town: Town) -> None:
    """End a service that a test started by itself."""
    closing = asyncio.create_task(town.supervisor.close())
    while not closing.done():
        await town.clock.advance(1)
    await closing


async def test_tasks_run_one_after_another_by_priority(town: Town) -> None:
    """Tasks queued behind a running agent are done by themselves, the highest priority first, then as they came."""
    await running(town, A)
    for name, priority in (("low", -1), ("first", 0), ("second", 0), ("high", 9)):
        await town.do(A, create(name, priority))
    for _ in range(5):
        await town.agents.of(A).end()
        await settle()
    assert given_prompts(town, A) == ["go", "high", "first", "second", "low"]
    assert town.phase(A) is Phase.IDLE
    assert len(await ended(town, A, e.TaskCompleted)) == 5
    assert town.slots.busy == town.slots.queued == 0
    await town.assert_truthful()


async def test_a_task_for_an_idle_agent_starts_at_once(town: Town) -> None:
    """A task queued for an idle agent starts by itself, and its session is another's to message, interrupt and stop."""
    await town.register(A)
    assert await town.do(A, create("x")) is Phase.RUNNING
    assert town.slots.busy == 1
    await town.do(A, town.message())
    assert await town.do(A, c.Interrupt()) is Phase.INTERRUPTED
    assert town.slots.busy == 0
    assert await town.do(A, town.message()) is Phase.RUNNING
    assert await town.do(A, c.Stop()) is Phase.IDLE


async def test_codebases_take_turns() -> None:
    """With room for one agent, codebases with tasks take turns: none does all of its own before another begins."""
    order: list[str] = []

    async def note(agent: ScriptedAgent, prompt: Prompt) -> None:
        order.append(prompt.text)
        await agent.pause(1)

    town = Town(max_agents=1, play=note)
    await town.register(A, B, C)
    for codebase, name in ((A, "a"), (B, "b"), (C, "c")):
        for number in (1, 2, 3):
            await town.do(codebase, create(f"{name}{number}"))
    for _ in range(20):
        await town.clock.advance(1)
        assert len(town.agents.at_work) <= 1
        assert len(town.agents.alive) <= 2, "a process kept warm makes way"
    assert order == ["a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"]
    assert town.slots.busy == town.slots.queued == 0
    await town.assert_truthful()
    await close(town)


async def test_a_warm_process_makes_way_for_others(town: Town) -> None:
    """While tasks wait for room, the process of the agent that they wait for isn't kept beside a full house."""
    town.slots.limit = 1
    await town.register(A, B)
    await town.do(A, create("a1"))
    await town.do(A, create("a2"))
    await town.do(B, create("b1"))
    await town.agents.of(A).end()
    await settle()
    assert [agent.codebase for agent in town.agents.alive] == [B]
    await town.agents.of(B).end()
    await settle()
    assert [agent.codebase for agent in town.agents.at_work] == [A]
    assert given_prompts(town, A) == ["a1", "a2"]


async def test_an_agent_that_was_given_up_keeps_its_room_until_it_is_gone(town: Town) -> None:
    """Where a run fails and its agent must be stopped, the next one starts when that agent is gone: never are there too many."""
    town.slots.limit = 1
    await town.register(A, B)
    await town.do(A, create("a1"))
    await town.do(A, create("a2"))
    await town.do(B, create("b1"))
    town.agents.temper.stop_delay, town.agents.temper.prompt_error = 5, "refused"
    await town.do(A, town.message())
    assert town.phase(A) is Phase.IDLE, "the run failed, and is recorded as failed"
    town.agents.temper.prompt_error = None
    assert [agent.codebase for agent in town.agents.at_work] == [A]
    await town.clock.advance(5)
    assert [agent.codebase for agent in town.agents.at_work] == [B]
    await town.agents.of(B).end()
    await settle()
    assert given_prompts(town, A)[-1] == "a2"


@pytest.mark.parametrize("steps", range(12))
async def test_a_trigger_that_meets_the_start_of_a_task(town: Town, steps: int) -> None:
    """A trigger at the moment at which a task starts is refused or goes first; the agent does one at a time, and both."""
    await town.register(A)
    created = town.ask(A, create("task"))
    for _ in range(steps):
        await asyncio.sleep(0)
    answer = await outcome(town.ask(A, town.trigger("trigger")))
    await created
    await settle()
    assert town.slots.busy == 1
    expected = ["task"]
    if not isinstance(answer, Exception):
        expected = ["trigger", "task"]
        await town.agents.of(A).end()
        await settle()
    else:
        assert isinstance(answer, AgentRunning)
    assert given_prompts(town, A) == expected
    await town.agents.of(A).end()
    await settle()
    assert (town.phase(A), town.slots.busy) == (Phase.IDLE, 0)
    await town.assert_truthful()


@pytest.mark.parametrize("steps", range(12))
async def test_a_cancel_that_meets_the_start_of_a_task(town: Town, steps: int) -> None:
    """A cancel at the moment at which its task starts ends the task, and no room is lost."""
    await town.register(A)
    created = town.ask(A, create("x"))
    for _ in range(steps):
        await asyncio.sleep(0)
    answer = await outcome(town.ask(A, cancel("x")))
    await created
    await settle()
    if isinstance(answer, TaskEnded):  # it came before the task
        await town.do(A, cancel("x"))
    assert (town.phase(A), town.slots.busy, town.slots.queued) == (Phase.IDLE, 0, 0)
    assert await ended(town, A, e.TaskCancelled) == ["task_x"]
    assert town.agents.at_work == []
    await town.assert_truthful()


async def test_a_cancelled_task_makes_way_for_the_next(town: Town) -> None:
    """To cancel the task that runs ends its session, and the next one starts; one that waits never starts."""
    await town.register(A)
    for name in ("a", "b", "c"):
        await town.do(A, create(name))
    await town.do(A, cancel("b"))
    assert await town.do(A, cancel("a")) is Phase.RUNNING
    assert given_prompts(town, A) == ["a", "c"]
    assert await ended(town, A, e.TaskCancelled) == ["task_b", "task_a"]
    for name in ("a", "b"):
        with pytest.raises(TaskEnded):
            await town.do(A, cancel(name))


async def test_a_cancel_gives_up_the_wait_for_room(town: Town) -> None:
    """A task that waits for room is cancelled: its codebase leaves the line, and another's turn comes."""
    town.slots.limit = 1
    await running(town, A)
    await town.register(B)
    await town.do(B, create("x"))
    assert town.slots.queued == 1
    await town.do(B, cancel("x"))
    assert town.slots.queued == 0
    await town.do(A, c.Stop())
    assert (town.phase(B), town.agents.at_work, town.slots.busy) == (Phase.IDLE, [], 0)


async def test_a_room_given_back_is_not_used(town: Town) -> None:
    """A notice of room that comes after the room was given back starts nothing: never more agents than allowed."""
    town.slots.limit = 1
    await running(town, A)
    await town.register(B)
    await town.do(B, create("x"))
    assert await town.do(B, c.GrantSlot()) is Phase.IDLE
    assert len(town.agents.at_work) == 1
    await town.agents.of(A).end()
    await settle()
    assert given_prompts(town, B) == ["x"]


async def test_a_task_whose_agent_does_not_start_makes_way(town: Town) -> None:
    """A task whose prompt fails is failed with the reason, and the next one is tried."""
    await town.register(A)
    town.agents.temper.start_error = "not installed"
    await town.do(A, create("a"))
    await town.do(A, create("b"))
    await settle()
    assert await ended(town, A, e.TaskFailed) == ["task_a", "task_b"]
    reasons = {event.error for event in await town.events(A) if isinstance(event, e.TaskFailed)}
    assert reasons == {"not installed"}
    town.agents.temper.start_error = None
    await town.do(A, create("c"))
    await town.clock.advance(backoff_after(2))
    assert given_prompts(town, A) == ["c"]
    await town.assert_truthful()


async def test_a_task_that_fails_makes_way(town: Town) -> None:
    """A task that the agent could not finish is failed, and the next one starts."""
    await town.register(A)
    await town.do(A, create("a"))
    await town.do(A, create("b"))
    await town.agents.of(A).end(error="no tokens left")
    await settle()
    assert await ended(town, A, e.TaskFailed) == ["task_a"]
    assert given_prompts(town, A) == ["a", "b"]


async def test_an_interrupted_session_keeps_the_queue_waiting(town: Town) -> None:
    """Behind an interrupted session the queue waits; it goes on when that session has ended, however it does."""
    await running(town, A)
    await town.do(A, create("x"))
    assert await town.do(A, c.Interrupt()) is Phase.INTERRUPTED
    assert given_prompts(town, A) == ["go"]
    await town.do(A, town.message("on"))
    await town.agents.of(A).end()
    await settle()
    assert given_prompts(town, A) == ["go", "on", "x"]


async def test_a_deletion_takes_the_queue_along(town: Town) -> None:
    """A codebase that is deleted starts nothing more, and all that waited is cancelled."""
    await town.register(A)
    for name in ("a", "b"):
        await town.do(A, create(name))
    assert await town.do(A, c.Delete()) is Phase.DELETED
    assert given_prompts(town, A) == ["a"]
    assert await ended(town, A, e.TaskCancelled) == ["task_a", "task_b"]
    assert town.slots.busy == town.slots.queued == 0


async def test_a_task_that_can_not_be_recorded_is_refused(town: Town) -> None:
    """A task that the log could not take is refused, and not done later."""
    await town.register(A)
    town.store.failing = True
    with pytest.raises(StoreError):
        await town.do(A, create("x"))
    town.store.failing = False
    await town.do(A, create("y"))
    assert given_prompts(town, A) == ["y"]


async def test_a_start_that_can_not_be_recorded_is_tried_again(town: Town) -> None:
    """Where the log fails at the moment of a start, the task keeps its room and starts when the log works again."""
    town.slots.limit = 1
    await running(town, B)
    await town.register(A)
    await town.do(A, create("x"))
    town.store.failing_for = A
    await town.do(B, c.Stop())
    await town.clock.advance(3 * town.settings.store_retry)
    assert (town.agents.at_work, town.slots.busy, town.phase(A)) == ([], 1, Phase.IDLE)
    town.store.failing_for = None
    await town.clock.advance(town.settings.store_retry)
    assert given_prompts(town, A) == ["x"]
    assert town.slots.busy == 1
    await town.assert_truthful()


async def test_a_queue_outlives_its_actor(town: Town) -> None:
    """After a mistake of ours, which ends an actor, what was queued starts without anybody asking."""
    town.slots.limit = 1
    await running(town, B)
    await town.register(A)
    await town.do(A, create("x"))
    town.store.broken = RuntimeError("a mistake of ours")
    await outcome(town.ask(A, create("y")))
    await town.clock.advance(town.settings.restart_delay)
    await town.do(B, c.Stop())
    assert given_prompts(town, A) == ["x"]
    await town.assert_truthful()


async def test_a_queue_outlives_the_server(town: Town) -> None:
    """After a crash of the server what waited starts by itself, in its order; what ran is not run again."""
    town.slots.limit = 1
    await running(town, A)
    await town.register(B)
    for name, priority in (("low", 0), ("high", 1)):
        await town.do(B, create(name, priority))
    await town.do(A, create("behind"))
    again = await town.crash()
    await again.start([A, B])
    assert again.phase(A) is Phase.INTERRUPTED
    await again.agents.of(B).end()
    await settle()
    assert given_prompts(again, B) == ["high", "low"]
    await again.do(B, c.Stop())
    await again.do(A, c.Stop())
    assert given_prompts(again, A) == ["behind"]
    await again.assert_truthful()
    await close(again)


async def test_the_end_of_the_server_starts_nothing(town: Town) -> None:
    """While the server ends, what is queued stays queued, and is there for the next one."""
    await running(town, A)
    await town.do(A, create("x"))
    await close(town)
    assert given_prompts(town, A) == ["go"]
    assert [task.title for task in (await town.recorded_state(A)).queue] == ["x"]
