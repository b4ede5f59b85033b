"""Work that can't start for now waits, says why, and starts by itself when nothing hinders it any more."""

import asyncio

import pytest
from tests.actors.test_queue import cancel, close, create, given_prompts
from tests.actors.town import A, B, Town, running

from opencode_ledger.actors.twins.virtual_clock import settle
from opencode_ledger.domain import events as e
from opencode_ledger.domain.codebase import commands as c
from opencode_ledger.domain.codebase.backoff import FIRST_LOOK, LONGEST_LOOK, look_again_after
from opencode_ledger.domain.codebase.hindrance import Hindrance
from opencode_ledger.domain.codebase.lifecycle_rules import Phase

PLACE = f"/code/{A}"
GONE = Hindrance(code="directory_gone", message="The codebase's directory is gone.")
UNTRUSTED = Hindrance(code="project_config_untrusted", message="It brings opencode.json.")


async def held(town: Town) -> list[tuple[str | None, str]]:
    """Which tasks were held, and why, in order."""
    return [(event.task_id, event.code) for event in await town.events(A) if isinstance(event, e.TaskHeld)]


def test_looks_are_bounded() -> None:
    """It is looked again soon, then less often, but never less often than the longest interval."""
    looks = [look_again_after(count) for count in range(1, 2000)]
    assert looks[0] == FIRST_LOOK and looks[-1] == LONGEST_LOOK == max(looks)
    assert looks == sorted(looks)


async def test_a_task_waits_while_it_can_not_start(town: Town) -> None:
    """A queue whose directory is gone fails nothing and takes no room; it says so once, and goes on when it is back."""
    town.slots.limit = 1
    town.hindrances[PLACE] = GONE
    await town.register(A, B)
    for name in ("first", "second"):
        await town.do(A, create(name))
    await town.clock.advance(3600)
    assert await held(town) == [("task_first", "directory_gone")]
    assert (town.phase(A), town.slots.busy, town.slots.queued) == (Phase.IDLE, 0, 0)
    assert town.supervisor.next_try(A) is not None
    assert await town.do(B, town.trigger()) is Phase.RUNNING
    await town.do(B, c.Stop())
    del town.hindrances[PLACE]
    await town.clock.advance(LONGEST_LOOK)
    assert given_prompts(town, A) == ["first"]
    assert (town.actors[A].state.held, town.supervisor.next_try(A)) == (None, None)
    await town.agents.of(A).end()
    await settle()
    assert given_prompts(town, A) == ["first", "second"]
    assert town.actors[A].state.failures == 0
    await town.assert_truthful()


async def test_one_that_is_back_after_a_moment_is_seen_soon(town: Town) -> None:
    """A directory that is gone for a moment holds the queue up for little longer than that."""
    town.hindrances[PLACE] = GONE
    await town.register(A)
    await town.do(A, create("x"))
    del town.hindrances[PLACE]
    await town.clock.advance(FIRST_LOOK)
    assert given_prompts(town, A) == ["x"]


async def test_each_new_reason_is_said(town: Town) -> None:
    """Where the reason or the task whose turn it is changes, that is on record: once each, not once a look."""
    town.hindrances[PLACE] = GONE
    await town.register(A)
    await town.do(A, create("x"))
    await town.clock.advance(100)
    town.hindrances[PLACE] = UNTRUSTED
    await town.clock.advance(100)
    await town.do(A, create("urgent", 5))
    await town.clock.advance(100)
    codes = ["directory_gone", "project_config_untrusted", "project_config_untrusted"]
    assert await held(town) == list(zip(["task_x", "task_x", "task_urgent"], codes, strict=True))


async def test_a_reason_with_a_secret_is_said_once_and_masked(town: Town) -> None:
    """A secret in the reason is not on record, and doesn't make each look seem to be a new one."""
    town.secrets.learn("a test", ["hunter2-hunter2"])
    town.hindrances[PLACE] = Hindrance(code="directory_gone", message="hunter2-hunter2 is gone")
    await town.register(A)
    await town.do(A, create("x"))
    await town.clock.advance(100)
    events = [event for event in await town.events(A) if isinstance(event, e.TaskHeld)]
    assert len(events) == 1 and "hunter2" not in events[0].message


async def test_a_session_that_waits_for_room_is_held_too(town: Town) -> None:
    """A trigger that waits for room, and whose directory is gone when there is some, goes on waiting; others go first."""
    town.slots.limit = 1
    await running(town, B)
    await town.register(A)
    trigger = town.trigger("mine")
    assert await town.do(A, trigger) is Phase.WAITING
    town.hindrances[PLACE] = GONE
    await town.do(B, c.Stop())
    assert (town.phase(A), town.slots.busy) == (Phase.WAITING, 0)
    assert await held(town) == [(trigger.task_id, "directory_gone")]
    assert await town.do(B, town.trigger()) is Phase.RUNNING
    await town.do(B, c.Stop())
    del town.hindrances[PLACE]
    await town.clock.advance(LONGEST_LOOK)
    assert (given_prompts(town, A), town.phase(A)) == (["mine"], Phase.RUNNING)
    await town.assert_truthful()


@pytest.mark.parametrize("wish", ["interrupt", "stop", "delete", "cancel"])
async def test_what_is_held_can_be_given_up(town: Town, wish: str) -> None:
    """A session or a task that is held is given up as any other; nothing of it starts later, nobody waits for it."""
    town.slots.limit = 1
    town.hindrances[PLACE] = GONE
    await running(town, B)
    await town.register(A)
    await (town.do(A, create("x")) if wish == "cancel" else town.do(A, town.trigger()))
    await town.do(B, c.Stop())
    await town.clock.advance(3)
    wishes: dict[str, c.Command] = {
        "interrupt": c.Interrupt(),
        "stop": c.Stop(),
        "delete": c.Delete(),
        "cancel": cancel("x"),
    }
    await town.do(A, wishes[wish])
    del town.hindrances[PLACE]
    await town.clock.advance(LONGEST_LOOK)
    assert (given_prompts(town, A), town.slots.busy, town.slots.queued) == ([], 0, 0)
    if wish != "delete":
        assert town.actors[A].state.held is None
    await town.assert_truthful()


async def test_a_trigger_goes_before_a_held_queue(town: Town) -> None:
    """A person's trigger, which was looked at itself, starts while the queue is held; the queue comes after it."""
    town.hindrances[PLACE] = GONE
    await town.register(A)
    await town.do(A, create("x"))
    assert await town.do(A, town.trigger("mine")) is Phase.RUNNING
    del town.hindrances[PLACE]
    await town.agents.of(A).end()
    await settle()
    assert given_prompts(town, A) == ["mine", "x"]


async def test_a_trigger_without_room_does_not_rest(town: Town) -> None:
    """A trigger that comes while the queue rests after failures, and finds no room, starts when there is some."""
    town.slots.limit = 1
    await town.register(A)
    town.agents.temper.start_error = "no"
    for name in "abcdefgh":
        await town.do(A, create(name))
    await town.clock.advance(100)
    town.agents.temper.start_error = None
    await running(town, B)
    assert await town.do(A, town.trigger("mine")) is Phase.WAITING
    await town.do(B, c.Stop())
    assert town.phase(A) is Phase.RUNNING


async def test_a_restart_looks_again(town: Town) -> None:
    """After a crash it is looked at once, and what is held still is not said again."""
    town.hindrances[PLACE] = GONE
    await town.register(A)
    await town.do(A, create("x"))
    again = await town.crash()
    again.hindrances[PLACE] = GONE
    await again.start([A])
    await again.clock.advance(100)
    assert await held(again) == [("task_x", "directory_gone")]
    del again.hindrances[PLACE]
    await again.clock.advance(LONGEST_LOOK)
    assert given_prompts(again, A) == ["x"]
    await close(again)


async def test_a_check_that_fails_holds_nothing_up(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the check itself fails by a mistake, the agent is tried."""
    await town.register(A)
    monkeypatch.setattr(town, "hindrances", None)
    await town.do(A, create("x"))
    assert given_prompts(town, A) == ["x"]


@pytest.mark.parametrize("steps", range(8))
async def test_a_stop_that_meets_a_look(town: Town, steps: int) -> None:
    """A stop while it is looked whether a session can start: it never starts, and no room is lost."""
    town.slots.limit = 1
    await running(town, B)
    await town.register(A)
    await town.do(A, town.trigger("mine"))
    stopped = town.ask(B, c.Stop())
    for _ in range(steps):
        await asyncio.sleep(0)
    await town.do(A, c.Stop())
    await stopped
    await settle()
    assert (town.phase(A), town.slots.busy, town.slots.queued, town.agents.at_work) == (Phase.IDLE, 0, 0, [])
    await town.assert_truthful()
