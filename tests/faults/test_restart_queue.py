"""A service that ends with tasks in its queues takes them up by itself when it is there again, and only them."""

import signal
from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from .processes import eventually, sleep_alone
from .service import Codebase, Service, count, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

Listed = Sequence[Mapping[str, object]]


async def test_what_waited_starts_by_itself(service: Service) -> None:
    """Over kill -9 and SIGTERM what ran is interrupted and not run again; what waited for room is done by priority.

    What waits behind the interrupted session waits on, until that session ends. Tasks and sessions name each other.
    """
    service.more_options["--max-agents"] = 1
    await service.start()
    first, second = await service.register(), await service.register()
    await at_work(first)
    await queue(first, "behind", 1)
    await queue(second, "low", 0)
    await queue(second, "high", 5)
    await end_and_start(service, signal.SIGKILL)
    await second.until(told("complete", summary="low is done."))
    assert done_in(second) == ["high", "low"]
    await assert_cut_off(first, "SERVER_RESTARTED")
    assert [task["status"] for task in await listed(first, "tasks")] == ["pending", "failed"]

    await at_work(second)
    await first.post("stop")
    await queue(first, "urgent", 9)
    await end_and_start(service, signal.SIGTERM)
    await first.until(told("complete", summary="behind is done."))
    assert done_in(first) == ["begun", "urgent", "behind"]
    await assert_cut_off(second, "SERVER_STOPPED")
    assert done_in(second) == ["high", "low", "begun"]

    for codebase in (first, second):
        tasks, sessions = await listed(codebase, "tasks"), await listed(codebase, "sessions")
        assert {(task["id"], task["session_id"]) for task in tasks} == {(s["task_id"], s["id"]) for s in sessions}
        assert sorted(str(task["status"]) for task in tasks) == ["completed", "completed", "failed"]


async def at_work(codebase: Codebase) -> None:
    """Have the agent work on something that it doesn't finish."""
    command, asleep = sleep_alone()
    await codebase.trigger(f"bash: echo begun >> order.txt; {command}")
    await eventually(asleep)


async def queue(codebase: Codebase, title: str, priority: int) -> None:
    """Queue a task that leaves its title in a file."""
    prompt = f"bash: echo {title} >> order.txt\nsay: {title} is done."
    await codebase.post("tasks", {"title": title, "prompt": prompt, "priority": priority})


def done_in(codebase: Codebase) -> list[str]:
    """What was done in a codebase, in order."""
    return (codebase.directory / "order.txt").read_text().split()


async def end_and_start(service: Service, end: signal.Signals) -> None:
    """End the service and start it again on its data."""
    service.send_signal(end)
    await service.ended()
    await service.start()


async def assert_cut_off(codebase: Codebase, code: str) -> None:
    """The agent is interrupted, once, and its task failed with the reason."""
    assert await codebase.status() == "interrupted"
    frames = await codebase.until(told("session", action="interrupted"))
    assert count(frames, "task", action="failed", code=code) == 1


async def listed(codebase: Codebase, what: str) -> Listed:
    """The codebase's `tasks` or `sessions`, newest first."""
    answer = await codebase.service.ask("GET", f"{codebase.path}/{what}")
    return cast("Mapping[str, Listed]", answer.content)[what]
